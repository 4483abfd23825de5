"""From argv to an exit status: arguments, messages, progress."""
