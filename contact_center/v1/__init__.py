"""Version 1 of the contract; see scripts/generate_protos.py."""
