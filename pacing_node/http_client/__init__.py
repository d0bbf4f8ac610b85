"""The way out over HTTP: one client, whose answers are read within bounds, for every server that is asked."""
