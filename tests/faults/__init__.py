"""The machinery that breaks things on purpose, and the judges of what followed."""
