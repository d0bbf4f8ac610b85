"""Alarms: raised once, cleared once, by whoever is responsible, and told to every receiver."""
