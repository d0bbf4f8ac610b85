"""Who is master, and for how long: the rules as a pure state machine, and the driver that carries them out."""
