"""Emit: from a lock to a Dockerfile that anyone can read, review and build."""
