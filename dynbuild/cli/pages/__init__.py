"""Pictures and pages: what is drawn of locks and of history, each in one file."""
