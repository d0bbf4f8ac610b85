"""The API `/api/v1`: typed reads and orders, described by an OpenAPI document that is generated from the types here."""
