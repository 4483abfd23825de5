"""The parts of `scripts/engine`, each runnable with nothing but Python and Debian."""
