"""The nearest tier: a directory of this machine, and the state beside it."""
