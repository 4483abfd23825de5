"""What is installed, and from where: repositories, indexes, registries; who asks."""

from pydantic import Field

from dynbuild.declaration.grammar import SECRET_ID
from dynbuild.declaration.rules import SNAPSHOT, SecretId, SnapshotTime
from dynbuild.declaration.schema_model import Model, Strings, text
from dynbuild.steps.managers import MANAGERS

INSTALLING = (
    *(row.field for row in MANAGERS.values()),
    *(row.upgrade_field for row in MANAGERS.values() if row.system),
    "apt_sources",
)
"""The fields of which something is installed, on the base of an image or a stage."""

_WHO = "The id of a secret for the server: the password of the username, or else "


class AptSource(Model):
    """A third-party apt repository, set up before any package is installed from it."""

    uri: str = Field(description="Where the repository is: an http or https URI.")
    suites: Strings = Field(description="Its suites, such as bookworm or stable.")
    components: Strings = Field(default=(), description="Its components, such as main.")
    key: str | None = Field(
        default=None,
        description="Path of its ASCII-armoured public key, in the project.",
    )
    username: str | None = Field(
        default=None, description="Who asks, if the server wants to know."
    )
    secret: SecretId | None = text(
        SECRET_ID, f"{_WHO}lines of an auth.conf.", default=None
    )


class AptSnapshot(Model):
    """The time that new packages of apt come from."""

    at: SnapshotTime = text(SNAPSHOT, "The time in UTC: 20261101T000000Z.")
    mirrors: dict[str, str] = Field(
        default={},
        description="Where snapshots are, by the address of the archive in the image: "
        "below that, by time.",
    )


def timed(value: object) -> object:
    """Let ``apt_snapshot = "…"`` mean ``apt_snapshot = { at = "…" }``."""
    return {"at": value} if isinstance(value, str) else value


class Index(Model):
    """An index of Python packages."""

    url: str = Field(description="Its address: https://pypi.example.com/simple.")
    username: str | None = Field(
        default=None, description="Who asks, if the server wants to know."
    )
    secret: SecretId | None = text(
        SECRET_ID, f"{_WHO}the text of a netrc.", default=None
    )


class Registry(Model):
    """A registry of Node packages."""

    url: str = Field(description="Its address: https://npm.example.com/.")
    scope: str | None = Field(
        default=None, description="The scope that it is for, such as @team; else all."
    )
    username: str | None = Field(
        default=None, description="Who asks, if the server wants to know."
    )
    secret: SecretId | None = text(
        SECRET_ID, f"{_WHO}a token, or the text of an .npmrc.", default=None
    )


def addressed(value: object) -> object:
    """Let an address mean a table with it, and a table mean a list."""
    items = value if isinstance(value, list | tuple) else (value,)
    return tuple({"url": one} if isinstance(one, str) else one for one in items)
