"""Realize step by step: what is held is taken, what is missing is built, all is linked.

``realize`` is the way in; ``steps`` decides what runs when, ``job`` is one build.
"""
