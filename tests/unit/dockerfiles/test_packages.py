import pytest

from dynbuild.dockerfiles.packages import (
    decides,
    harmless,
    installs,
    packages_of,
    takes_away,
)
from dynbuild.dockerfiles.shell import read_script

INSTALL = "apt-get install -y --no-install-recommends"
LISTS = "rm -rf /var/lib/apt/lists/*"


def lifted(text: str, *mounts: str) -> tuple[tuple[str, ...], str]:
    return packages_of(read_script(text), frozenset(mounts))


@pytest.mark.parametrize(
    ("text", "packages"),
    [
        (f"apt-get update && {INSTALL} git curl && {LISTS}", ("git", "curl")),
        (f"apt-get -qq update && {INSTALL} g++ && {LISTS}", ("g++",)),
        (f"set -ex; apt-get update; {INSTALL} a b a; {LISTS}", ("a", "b")),
        (
            (
                "apt-get update && DEBIAN_FRONTEND=noninteractive apt-get -y install "
                f"-o APT::Install-Recommends=0 git=1:2.3~rc1-4 && apt-get clean "
                f"&& {LISTS}"
            ),
            ("git=1:2.3~rc1-4",),
        ),
        (
            (
                "export DEBIAN_FRONTEND=noninteractive && apt-get update && "
                f"{INSTALL} libc6:arm64 libstdc++6 && {LISTS}"
            ),
            ("libc6:arm64", "libstdc++6"),
        ),
    ],
)
def test_an_installation_and_nothing_else(text: str, packages: tuple[str, ...]) -> None:
    assert lifted(text) == (packages, "")


def test_lists_in_a_mount_are_not_in_the_image() -> None:
    text = f"apt-get update && {INSTALL} git"
    assert lifted(text, "/var/lib/apt", "/var/cache/apt") == (("git",), "")
    assert "leaves /var/lib/apt/lists" in lifted(text, "/var/cache/apt")[1]
    assert "not of apt" in lifted(text, "/root/.cache")[1]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (f"apt-get update && apt-get install -y git && {LISTS}", "recommended"),
        (f"{INSTALL} git && {LISTS}", "does not begin with apt-get update"),
        (f"apt-get update && {INSTALL} git", "leaves /var/lib/apt/lists"),
        (f"apt-get update && {INSTALL} && {LISTS}", "more than an installation"),
        (f"apt-get update && {INSTALL} $X && {LISTS}", "`$X` is more"),
        (f"apt-get update && {INSTALL} ./a.deb && {LISTS}", "`./a.deb` is more"),
        (f"apt-get update && {INSTALL} git- && {LISTS}", "`git-` is more"),
        (f"apt-get update && {INSTALL} -t x git && {LISTS}", "`-t` is more"),
        (f"apt-get update && {INSTALL} -o A=b git && {LISTS}", "`A=b` is more"),
        (f"apt-get update && {INSTALL} git && {LISTS} && x", "`x` is more"),
        (f"apt-get update && {INSTALL} a && {INSTALL} b && {LISTS}", "is more than"),
        (f"{LISTS} && apt-get update && {INSTALL} a", "is more than"),
        (f"apt-get update; {INSTALL} a; {LISTS}", "not a list of commands joined"),
        (f"apt-get update && {INSTALL} a && x 'b\\' && {LISTS}", "is more than"),
        ("apt-get update", "it names no package"),
        ("apt-get update \\", "is more than"),
    ],
)
def test_what_a_list_does_not_stand_for(text: str, reason: str) -> None:
    packages, why = lifted(text)
    assert packages == ()
    assert reason in why


def test_words_that_tell() -> None:
    assert installs("apt-get update && apt-get -y install x")
    assert installs("apt install x")
    assert not installs("pip install x")
    assert takes_away("apt-get purge -y x")
    assert takes_away("apt-get autoremove")
    assert takes_away("dpkg -r x")
    assert not takes_away("npm remove x")
    assert harmless(["LANG", "PYTHONUNBUFFERED", "PIP_NO_CACHE_DIR"]) is None
    assert harmless(["LANG", "http_proxy"]) == "http_proxy"
    assert decides(None)
