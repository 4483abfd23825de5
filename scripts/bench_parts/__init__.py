"""The parts of `scripts/bench`: how is measured, and the builds."""
