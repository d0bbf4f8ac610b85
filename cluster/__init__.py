"""A cluster of equal nodes with one fenced master, built on ZooKeeper. Knows nothing of pacing."""
