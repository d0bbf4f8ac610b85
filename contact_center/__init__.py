"""The contract of a bridge to a contact centre, generated from proto/contact_center."""
