"""Getting messages to a receiver that may be slow or away: a bounded outbox, syslog."""
