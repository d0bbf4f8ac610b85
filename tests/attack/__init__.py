"""The judgement of attacks: every bound can be missed, and what is measured is what happened."""
