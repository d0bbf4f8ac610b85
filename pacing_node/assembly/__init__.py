"""What is built from which options: the node's parts, and what a change of options does to them."""
