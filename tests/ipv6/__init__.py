"""Everything over IPv6: how addresses are written, and a cluster of real processes on ::1."""
