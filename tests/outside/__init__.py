"""Text from outside, whatever it is, goes through everything there is."""
