"""Options of a node and of the cluster: their schema, where they are kept, how they are checked and shown."""
