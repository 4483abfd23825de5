"""What needs a shell where a base has none."""

from __future__ import annotations

import pytest

from dynbuild.declaration.check.shells import without_shell
from dynbuild.declaration.load import load
from dynbuild.errors import DeclarationError
from dynbuild.spans import Source

BASE = "bare:1"


def told(text: str) -> list[str]:
    """Return what is said of a declaration on an image without any program."""
    loaded = load(Source("x.toml", f'base = "bare:1"\n{text}'), "toml")
    found = [*without_shell(loaded, lambda base, _: base == BASE)]
    assert {one.code for one in found} <= {"DB0189"}
    return [one.message for one in found]


STAGE = '[[stages]]\nname = "a"\n'
COPIED = 'copy = [{ stage = "b", from = "/x", to = "%s" }]\n'
REPOSITORY = 'uri = "https://a"\nsuites = ["b/"]'
SOURCE = '[[stages]]\nname = "b"\nbase = "debian"\ncommands = ["true"]\n'


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ('apt_packages = ["curl"]', "nothing can be installed there"),
        ('npm_packages = ["curl"]', "nothing can be installed there"),
        ("apk_upgrade = true", "nothing can be installed there"),
        ('user = "app"', "no user can be created there"),
        ('env_scripts = ["true"]', "it cannot run there"),
        ('setup = [{ commands = ["true"] }]', "nothing can be run there"),
        ('cmd = "a b"', "nothing can run this line there"),
        ('entrypoint = "a b"', "nothing can run this line there"),
        ('healthcheck = "a b"', "nothing can run this line there"),
        (f'{STAGE}commands = ["true"]', "the commands of stage 'a' cannot run there"),
        (
            f'{STAGE}base = "bare:1"\napt_packages = ["curl"]',
            "nothing can be installed there",
        ),
        (f'{STAGE}base = "bare:1"\napt_upgrade = true', "nothing can be installed"),
        (
            f'{STAGE}base = "bare:1"\n[[stages.apt_sources]]\n{REPOSITORY}',
            "no repository can be added there",
        ),
        (f'{STAGE}{COPIED % "/opt/"}commands = ["true"]\n{SOURCE}', "'a' cannot run"),
        (f'{STAGE}base = "bare:1"\ncommands = ["true"]', "'a' cannot run there"),
    ],
)
def test_what_needs_a_shell(text: str, wanted: str) -> None:
    (message,) = told(text)
    assert message.startswith(f"{BASE} has no /bin/sh, so ")
    assert wanted in message


def test_repositories_need_one_too() -> None:
    assert len(told('apt_sources = [{ uri = "https://a", suites = ["b/"] }]')) == 1


@pytest.mark.parametrize(
    "text",
    [
        "",
        'user = { name = "1", create = false }',
        'cmd = ["a", "b"]\nentrypoint = ["c"]\nhealthcheck = { cmd = ["d"] }',
        "healthcheck = false",
        'setup = [{ files = { "/a" = "b" } }]',
        f'{STAGE}files = {{ "/a" = "b" }}',
        f"{STAGE}{COPIED % '/usr/bin/'}{SOURCE}",
        # What may bring one is not refused.
        f'{STAGE}{COPIED % "/bin/sh"}commands = ["true"]\n{SOURCE}',
        f'{STAGE}{COPIED % "/usr/bin/"}commands = ["true"]\n{SOURCE}',
        f'{STAGE}{COPIED % "/"}commands = ["true"]\n{SOURCE}',
        (
            f'{STAGE}dependencies = ["c"]\ncommands = ["true"]\n{SOURCE}'
            f'[[stages]]\nname = "c"\n{COPIED % "/bin"}'
        ),
        (
            f'{STAGE}mounts = [{{ image = "busybox", from = "/bin", to = "/bin" }}]\n'
            'commands = ["true"]'
        ),
        (
            f'{STAGE}add = [{{ url = "https://a/b.tar", to = "/", unpack = true }}]\n'
            'commands = ["true"]'
        ),
        f'cmd = "a"\n{STAGE}{COPIED % "/bin/"}{SOURCE}',
        'apt_packages = ["curl"]\nsetup = [{ files = { "/bin/sh" = "x" } }]',
    ],
)
def test_what_needs_none(text: str) -> None:
    assert told(text) == []


def test_another_shell_is_another_program() -> None:
    text = f'{STAGE}shell = ["/busybox/sh", "-c"]\ncommands = ["true"]'
    loaded = load(Source("x.toml", f'base = "bare:1"\n{text}'), "toml")
    asked: list[tuple[str, str]] = []

    def lacks(base: str, program: str) -> bool:
        asked.append((base, program))
        return program == "/bin/sh"

    assert not [*without_shell(loaded, lacks)]
    assert asked == [(BASE, "/busybox/sh")]


def test_nothing_has_no_shell() -> None:
    """Every command knows that: it is an error of the declaration."""
    text = 'base = "scratch"\n[[stages]]\nname = "a"\ncommands = ["true"]\n'
    with pytest.raises(DeclarationError) as refused:
        load(Source("x.toml", text), "toml")
    (one,) = refused.value.diagnostics
    assert one.code == "DB0189"
    assert one.message.startswith("scratch has no /bin/sh, so the commands of")
    assert "copy what comes of it" in (one.hint or "")
