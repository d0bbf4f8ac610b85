"""What a node and its master measure of themselves, for alarms and metrics."""
