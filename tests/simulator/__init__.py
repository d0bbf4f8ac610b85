"""The simulated contact centre: its model, its scenarios, and what it serves over sockets."""
