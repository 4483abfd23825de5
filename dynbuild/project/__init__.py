"""The edge to the project: the declaration, the lock, the files that stages copy."""
