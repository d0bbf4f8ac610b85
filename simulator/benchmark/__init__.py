"""Benchmarks of the pacing laws in the model of a contact centre."""
