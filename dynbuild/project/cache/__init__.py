"""The cache of evaluations: what was observed of files, and what came of them."""
