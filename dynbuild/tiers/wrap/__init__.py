"""Tiers that wrap tiers: trust, slow or unreachable tiers, near before far."""
