"""Profiles: HYPOTHESIS_PROFILE=thorough looks ten times as long."""

import os

from hypothesis import HealthCheck, settings

_SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]

settings.register_profile(
    "default", deadline=None, max_examples=40, suppress_health_check=_SLOW
)
settings.register_profile(
    "thorough", deadline=None, max_examples=1500, suppress_health_check=_SLOW
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))
