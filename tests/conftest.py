"""What all tests share: the real engine, its bases, real servers, projects."""

import signal

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
