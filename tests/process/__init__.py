"""Processes: what signals do, and who takes the end of orphans."""
