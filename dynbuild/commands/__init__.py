"""The commands: each gathers facts through ports, calls the core, prints nothing."""
