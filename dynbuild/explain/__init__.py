"""What a lock means for people: why something runs, what it costs, a picture."""
