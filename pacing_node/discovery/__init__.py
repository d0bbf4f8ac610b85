"""From configuration objects to pacing targets."""
