"""Realizing a lock step by step: reuse held steps, build missing ones, link them all.

``run`` is the entry point; ``scheduler`` decides what runs when, ``builds`` runs one
build.
"""
