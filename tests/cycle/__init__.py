"""The pacing cycle: what is sent when, what is learned, what standbys receive."""
