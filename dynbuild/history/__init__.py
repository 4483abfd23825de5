"""The history of realizations on this machine, in SQLite: all projects of one user."""
