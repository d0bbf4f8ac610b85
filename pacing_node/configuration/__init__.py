"""Options of a node and of the cluster, configuration objects, and the discovery of pacing targets."""
