"""Realize a lock step by step: take what is held, build what is missing, link all.

``run`` is the way in; ``scheduler`` decides what runs when, ``builds`` runs one build.
"""
