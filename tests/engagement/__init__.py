"""Engagement platform: what a push does when the platform and the network behave, and when they do not."""
