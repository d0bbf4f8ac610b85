"""Options, configuration objects, and the discovery of pacing targets."""
