"""Leadership: who may act, and for how long."""
