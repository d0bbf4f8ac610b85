"""The configuration interfaces of a contact centre."""
