"""The pacing cycle: read, calculate, push, learn."""
