"""What all tests share: the real engine, its bases, real servers, projects."""

pytest_plugins = [
    "tests.engine_fixtures",
    "tests.oci_servers",
    "tests.s3_servers",
    "tests.space",
]
