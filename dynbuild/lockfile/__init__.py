"""The lock: the resolved recipe in install order, and how an update changes it."""
