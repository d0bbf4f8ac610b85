"""A local cluster of real processes behind fault proxies: what the demonstration, drills, soak and tests share."""
