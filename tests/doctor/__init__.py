"""The doctor finds what is wrong, says what to change, and finds nothing where nothing is."""
