"""Whole clusters: three nodes as processes, a real ZooKeeper, a contact centre that judges every push."""
