"""Steps: the units of the install order, their scripts, and their digests' fields."""
