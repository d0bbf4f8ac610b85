"""The `pacing` command, one module per group of commands."""
