"""Live statistics of the contact centre, from feed to snapshot."""
