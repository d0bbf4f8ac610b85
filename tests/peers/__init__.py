"""The clustering port: connections, limits, and what it takes."""
