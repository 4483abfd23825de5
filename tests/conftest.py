"""What all tests share: the real engine, its bases, snapshots in files."""

pytest_plugins = ["tests.engine_fixtures", "tests.oci_servers", "tests.space"]
