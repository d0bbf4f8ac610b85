"""HTTP: the pacing reads, health for load balancers, state for operators, metrics."""
