"""The project edge: the declaration's file, the lock's, the files that stages copy."""
