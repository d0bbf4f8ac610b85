"""Endurance: whether anything grows while a cluster works, hands over and works."""
