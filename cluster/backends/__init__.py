"""What a member is built on: an ensemble of ZooKeeper shared with others, or nothing but its own state directory."""
