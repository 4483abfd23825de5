"""Linking: which layers may be stacked, and how one image comes of many steps."""
