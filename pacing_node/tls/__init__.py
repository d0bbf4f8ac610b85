"""Certificate files: read, followed while they change, and how long they last."""
