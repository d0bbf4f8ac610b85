"""What a member stands on: an ensemble of ZooKeeper shared with others, or nothing but its own state directory."""
