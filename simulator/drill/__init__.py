"""Drills and storms: what a cluster does when its parts are killed, frozen, cut off and restarted."""
