"""Steps: the units of the install order, what they run, and what their digests cover."""
