"""Dockerfiles that others wrote: read into values, and translated to a declaration."""
