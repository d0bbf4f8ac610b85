"""A contact centre that behaves: for demonstrations, tests and benchmarks of pacing."""
