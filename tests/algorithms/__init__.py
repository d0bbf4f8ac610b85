"""The pacing laws: reference values, documented sentences, properties."""
