"""Steps: the units of the install order, what they run, what digests cover."""
