"""Attacks on a whole cluster of its own on this machine: each bounded in count and time, measured and judged."""
