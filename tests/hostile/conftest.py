"""Users and machines that share tiers, which anybody may write to."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from tests.hostile.runs import Environment, User
from tests.s3_servers import Server, bucket_name, credentials

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.oci_servers import Served

    Tier = Callable[[], Environment]


@pytest.fixture(params=["registry", "s3"])
def tier(
    request: pytest.FixtureRequest, rclone_server: Server, plain_registry: Served
) -> Iterator[Tier]:
    """Return what names a new, empty tier in the environment."""

    def new() -> Environment:
        if request.param == "registry":
            return {"CACHE_REGISTRY": f"{plain_registry.host}/{uuid4().hex}/cache"}
        return dict(rclone_server.environment(bucket_name()))

    with ExitStack() as stack:
        stack.enter_context(credentials(rclone_server))
        yield new


@pytest.fixture
def user(tmp_path: Path) -> User:
    return User(tmp_path / "user", tmp_path / "store")


@pytest.fixture
def stranger(tmp_path: Path) -> User:
    return User(tmp_path / "stranger", tmp_path / "stranger-store")


@pytest.fixture
def other(tmp_path: Path) -> User:
    """Return somebody else of the team, on a machine of their own."""
    return User(tmp_path / "other", tmp_path / "other-store")
