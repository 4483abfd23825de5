"""What a lock means for people: what a change costs, who moved what, a picture."""
