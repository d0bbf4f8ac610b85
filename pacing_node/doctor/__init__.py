"""The doctor: looks at a node's options and at everything the node depends on, and says what to change."""
