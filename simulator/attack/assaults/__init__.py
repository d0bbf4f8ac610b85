"""What is sent at a cluster: each runs in a process of its own and knows nothing but addresses."""
