"""The edges of one project on this machine, opened as its environment says."""
