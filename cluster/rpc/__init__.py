"""Generated from proto/cluster; see scripts/generate_protos.py."""
