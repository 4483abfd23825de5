"""Tiers around tiers: what is trusted, what is slow or away, near before far."""
