"""What all tests share: the real engine, its bases, real S3 servers, projects."""

pytest_plugins = ["tests.engine_fixtures", "tests.s3_servers", "tests.space"]
