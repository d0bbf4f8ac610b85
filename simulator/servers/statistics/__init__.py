"""The statistics interfaces of a contact centre."""
