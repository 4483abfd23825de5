"""Linking: which layers may be stacked, and how many steps become one image."""
