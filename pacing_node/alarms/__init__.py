"""Alarms: conditions with detection and clearance, and the sinks they are sent to."""
