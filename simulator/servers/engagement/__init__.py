"""The engagement platform: receives pushes, checks their token, answers for each target."""
