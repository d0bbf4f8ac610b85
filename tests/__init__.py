"""Tests, grouped by behaviour."""
