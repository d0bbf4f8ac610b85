"""The demonstration: what it starts, shows, kills, reports and leaves behind."""
