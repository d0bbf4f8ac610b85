"""A peer that costs less than the node it serves: statistics and pushes without a model of the centre."""
