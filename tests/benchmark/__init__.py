"""The benchmark: its contact centre, its oracle, its figures and commands."""
