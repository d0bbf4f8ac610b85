"""What is kept in ZooKeeper, and the one module that imports its client."""
