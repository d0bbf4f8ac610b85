"""The demonstration: a ZooKeeper ensemble, three nodes and a living contact centre."""
