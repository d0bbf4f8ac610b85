"""One node of the agent pacing service."""
