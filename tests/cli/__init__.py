"""The `pacing` command: what it prints, for people and for programs, and its exit statuses."""
