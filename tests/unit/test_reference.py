"""Image references as Docker understands them."""

import pytest

from dynbuild.errors import DeclarationError
from dynbuild.reference import parse

DIGEST = "sha256:" + "a1" * 32


@pytest.mark.parametrize(
    ("text", "full"),
    [
        ("debian", "docker.io/library/debian:latest"),
        ("debian:12", "docker.io/library/debian:12"),
        ("docker.io/debian", "docker.io/library/debian:latest"),
        ("index.docker.io/a/b:1", "docker.io/a/b:1"),
        ("team/app", "docker.io/team/app:latest"),
        ("a/b/c", "docker.io/a/b/c:latest"),
        ("ghcr.io/team/app:v1.2", "ghcr.io/team/app:v1.2"),
        ("localhost/app", "localhost/app:latest"),
        ("localhost:5000/app", "localhost:5000/app:latest"),
        ("127.0.0.1:5000/a/b:c", "127.0.0.1:5000/a/b:c"),
        ("[::1]:5000/app:1", "[::1]:5000/app:1"),
        ("Host/app", "Host/app:latest"),
        ("my_app.x-y__z--1", "docker.io/library/my_app.x-y__z--1:latest"),
        (f"debian@{DIGEST}", f"docker.io/library/debian@{DIGEST}"),
        (f"debian:12@{DIGEST}", f"docker.io/library/debian@{DIGEST}"),
    ],
)
def test_full_name(text: str, full: str) -> None:
    assert str(parse(text)) == full


def test_a_tag_stays_beside_a_digest_and_none_is_made_up() -> None:
    assert parse(f"debian:12@{DIGEST}").image == "docker.io/library/debian:12"
    assert parse(f"debian@{DIGEST}").image == "docker.io/library/debian"


@pytest.mark.parametrize(
    "text",
    [
        "",
        ":",
        "@",
        "/debian",
        "debian/",
        "a//b",
        "debian:",
        "debian:-x",
        "debian:" + "x" * 129,
        "debian@sha256:12",
        f"debian@{DIGEST.upper()}",
        "debian 12",
        "debian\n",
        "--raw",
        "deb$ian",
        "https://ghcr.io/a",
        "a.b:x/c",
        "user:secret@host/app",
    ],
)
def test_what_is_none(text: str) -> None:
    with pytest.raises(DeclarationError, match="is no image reference"):
        parse(text)


def test_upper_case_has_a_hint() -> None:
    with pytest.raises(DeclarationError, match="try lower case"):
        parse("Debian")
