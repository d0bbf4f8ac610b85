"""HTTP pages of a node."""
