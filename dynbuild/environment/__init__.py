"""The edges of one project on this machine, opened as the process's variables say."""
