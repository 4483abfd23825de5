"""The nearest tier: a directory of this machine, and what is remembered beside it."""
