"""The contact centre's configuration objects: their model, and the sources they are read from."""
