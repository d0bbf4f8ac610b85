"""The log: levels of the suite, outputs, segments, changes while running."""
