"""Reaching a cluster from outside, without joining it: for commands, checks and drills."""
