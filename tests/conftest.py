"""What all tests share: the real engine, its bases, real servers, projects."""

import signal

pytest_plugins = [
    "tests.engine_fixtures",
    # Before those that import it, or its assertions would tell less.
    "tests.s3_servers",
    "tests.oci_servers",
    "tests.space",
]

# A shell starts what is in the background with interrupts ignored, and so would be all
# that tests start and interrupt.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
