"""The pages of documentation, as files."""
