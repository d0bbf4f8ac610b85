"""The engagement platform: authorisation, wire mapping, push."""
