"""Who may what: principals and their roles, the proofs they show, and the verdict on each call."""
