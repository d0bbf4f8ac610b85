"""The dashboard in a real browser before real nodes: views, hand-over, a dead node, ten thousand targets."""
