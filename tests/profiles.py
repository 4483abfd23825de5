"""Profiles: HYPOTHESIS_PROFILE=thorough looks ten times as long.

Under CI the examples are the same in every run: whether a change may land is not
decided by chance. All who run the tests try others, and so does `make test-slow`.
"""

import os

from hypothesis import HealthCheck, settings

_SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]

settings.register_profile(
    "default",
    deadline=None,
    derandomize="CI" in os.environ,
    max_examples=40,
    suppress_health_check=_SLOW,
)
settings.register_profile(
    "thorough", deadline=None, max_examples=1500, suppress_health_check=_SLOW
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))
