"""Why something runs, and what it costs: answers over locks, records and history."""
