"""The pacing laws and their estimators: pure, array in, array out."""
