"""Generated from proto/pacing; see scripts/generate_protos.py."""
