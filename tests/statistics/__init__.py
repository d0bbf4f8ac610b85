"""Statistics: from a server's feed to the snapshot the laws read."""
