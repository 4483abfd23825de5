"""Pictures and pages of locks and of history, each a single file."""
