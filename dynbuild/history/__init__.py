"""What was realized on this machine, in SQLite: of every project of one user."""
