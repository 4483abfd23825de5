"""The command line, from argv to exit status: arguments, messages, progress."""
