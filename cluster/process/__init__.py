"""Processes and their ends: the supervisor, its worker, the watchdog of the event loop."""
