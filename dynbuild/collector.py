"""How often Python looks for cycles among what is made: seldom."""

UNCOLLECTED = 100_000
"""New objects before Python looks for cycles among them, instead of 700.

An evaluation makes thunks and frames by the million, a command locks and plans of
thousands of values. Most of them are kept: looking at them again and again takes time,
a quarter of a command's, and finds little.
"""
