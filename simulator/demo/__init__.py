"""The demonstration: a ZooKeeper ensemble, three nodes and a simulated contact centre."""
