"""Provisioning: what the service needs gets into the configuration, and nothing else is touched."""
