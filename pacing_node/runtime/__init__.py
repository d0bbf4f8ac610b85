"""The Python process: garbage collector, event loop, memory, unexpected errors."""
