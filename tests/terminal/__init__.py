"""What reaches a terminal: every name as it is, no markup, no control sequence, in the width there is."""
