"""Conservative parsing of shell texts, which checks and advice read."""
