"""What all tests share: the real engine, its bases, real servers, projects."""

import importlib
import signal

import pytest

pytest_plugins = [
    "tests.profiles",
    "tests.engine_fixtures",
    # Before those that import it, or its assertions would tell less.
    "tests.s3_servers",
    "tests.oci_servers",
    "tests.space",
]

# A shell starts what is in the background with interrupts ignored, nohup ignores that
# the terminal is gone, and so would all that tests start and end by a signal.
for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
    if signal.getsignal(number) is signal.SIG_IGN:
        interrupts = number == signal.SIGINT
        signal.signal(
            number, signal.default_int_handler if interrupts else signal.SIG_DFL
        )

UNMEASURED = (
    *("tests/browser/", "tests/contracts/", "tests/e2e/"),
    *("tests/language/", "tests/unit/lang/"),
)
"""Tests of what is not the pure core: measured, they take up to three times as long."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    # What the core imports late is imported while all is measured.
    importlib.import_module("dynbuild.declaration.syntax.parameters")
    for item in items:
        if item.nodeid.startswith(UNMEASURED):
            item.add_marker(pytest.mark.no_cover)
