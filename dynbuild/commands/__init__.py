"""The verbs: each gathers facts through ports, asks the core, and prints nothing."""
