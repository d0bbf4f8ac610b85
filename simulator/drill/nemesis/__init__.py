"""The nemesis: random trouble of every kind, several at once, by a seed; and a judge of the history that results."""
