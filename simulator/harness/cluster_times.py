"""Times of every cluster on this machine: of its sessions, its lease and its cycles."""

SESSION_TIMEOUT_SECONDS = 4.0
"""ZooKeeper session time-out of the nodes."""
HEARTBEAT_SECONDS = 0.5
"""Period of the master's lease heartbeat."""
TICK_SECONDS = 0.5
"""tickTime of the ensembles that ``simulator.harness.zookeeper`` starts."""
REFRESH_PERIOD_SECONDS = 1
"""Refresh period: the shortest, so that there is something to see."""
