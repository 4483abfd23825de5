"""What a lock means for people: why something runs, what a change costs, a picture."""
