"""What the scripts of lists write for servers that ask who asks, in real shells."""

from base64 import b64encode
from netrc import netrc
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from dynbuild.steps.managers import MANAGERS, logins
from dynbuild.steps.model import Group, Index, Install
from dynbuild.steps.run import ScratchMount, SecretMount
from tests import shells

PASSWORDS = st.text(
    st.characters(
        codec="ascii", exclude_categories=["Cc", "Zs"], exclude_characters="\\\"'"
    ),
    min_size=1,
).filter(lambda text: not text.startswith("#"))
SAME = settings(
    max_examples=10,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
EACH = pytest.mark.parametrize("name", shells.NAMES)


def group(manager: str, *indexes: Index) -> Group:
    return Group(manager, {"x": Install("x")}, {"x": "x"}, indexes=indexes)


def written(lines: list[str], folder: Path, name: str, **secrets: str) -> str:
    """Run lines in a shell whose secrets and memory are in a folder."""
    (folder / "secrets").mkdir(exist_ok=True)
    (folder / "logins").mkdir(exist_ok=True)
    for id_, text in secrets.items():
        (folder / "secrets" / id_).write_text(text)
    script = "\n".join(["set -eu", *lines])
    script = script.replace("/run/secrets", f"{folder}/secrets")
    script = script.replace("/root", str(folder)).replace("/run", str(folder))
    done = shells.run(name, script, folder)
    assert not any(
        text.strip() in done.stdout + done.stderr for text in secrets.values()
    )
    return done.stderr


@EACH
@given(PASSWORDS)
@example("s3cret#%&!$x`id`")
@SAME
def test_a_password_comes_to_the_netrc_as_it_is(
    tmp_path: Path, name: str, password: str
) -> None:
    (tmp_path / ".netrc").write_text("machine there login a password b")
    files = "machine other.example.com login c password d\n"
    indexes = [
        Index("https://pypi.example.com/simple", username="ci", secret="pass"),
        Index("https://mirror.example.com/simple"),
        Index("https://other.example.com", secret="file"),
    ]
    lines = logins.netrc(
        group("pip", *indexes), "/root/.netrc", lambda one: one.url[8:24]
    )
    assert (
        written(lines, tmp_path, name, **{"pass": f"{password}\n", "file": files}) == ""
    )
    found = netrc(str(tmp_path / "logins/netrc"))
    assert found.authenticators("pypi.example.com") == ("ci", "", password)
    assert found.authenticators("other.example.com") == ("c", "", "d")
    assert found.authenticators("there") == ("a", "", "b")


@EACH
@pytest.mark.parametrize("password", ["", "\n", "a b", "a\tb", 'a"b', "a\\b", "a\nb"])
def test_what_no_netrc_can_say_is_told(
    tmp_path: Path, name: str, password: str
) -> None:
    one = Index("https://a", username="ci", secret="pass")
    lines = logins.netrc(group("pip", one), "/root/.netrc", lambda one: one.url)
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets/pass").write_text(password)
    (tmp_path / "logins").mkdir()
    script = "\n".join(["set -eu", *lines]).replace("/run", str(tmp_path))
    done = shells.run(name, script, tmp_path)
    assert done.returncode == 1
    assert done.stderr.startswith("dynbuild: the secret pass is no password")


@EACH
@pytest.mark.parametrize(
    ("index", "secret", "wrote"),
    [
        (
            Index("https://npm.example.com", secret="npm"),
            "t0ken==\n",
            ["//npm.example.com/:_authToken=t0ken=="],
        ),
        (
            Index("https://npm.example.com/a/b/", scope="@team", secret="npm"),
            "t0ken",
            [
                "@team:registry=https://npm.example.com/a/b/",
                "//npm.example.com/a/b/:_authToken=t0ken",
            ],
        ),
        (
            Index("https://npm.example.com", secret="npm"),
            "//npm.example.com/:_authToken=x\n//b/:_authToken=y\n",
            ["//npm.example.com/:_authToken=x", "//b/:_authToken=y"],
        ),
        (
            Index("http://npm.example.com:80/", username="ci", secret="npm"),
            "a blank\n",
            [
                "//npm.example.com:80/:username=ci",
                f"//npm.example.com:80/:_password={b64encode(b'a blank').decode()}",
            ],
        ),
        (
            Index("https://npm.example.com", scope="@a"),
            "",
            ["@a:registry=https://npm.example.com"],
        ),
    ],
)
def test_an_npmrc(
    tmp_path: Path, name: str, index: Index, secret: str, wrote: list[str]
) -> None:
    (tmp_path / ".npmrc").write_text("fund=false")
    lines = logins.npmrc(group("npm", index))
    assert written(lines, tmp_path, name, npm=secret or "unused") == ""
    found = (tmp_path / "logins/npmrc").read_text().split("\n")
    assert [line for line in found if line] == ["fund=false", *wrote]


def test_what_is_mounted() -> None:
    twice = Index("https://a", secret="x"), Index("https://b", secret="x")
    assert logins.mounts(group("pip", *twice)) == (
        ScratchMount("/run/logins"),
        SecretMount("x", None, None),
    )
    assert logins.mounts(group("pip", Index("https://a"))) == ()
    assert logins.mounts(group("npm", Index("https://a"))) == (
        ScratchMount("/run/logins"),
    )


@pytest.mark.parametrize("manager", MANAGERS)
def test_lists_from_the_usual_places_are_as_ever(manager: str) -> None:
    run = MANAGERS[manager].run(group(manager))
    assert "/run/logins" not in run.script
    assert not [one for one in run.mounts if isinstance(one, SecretMount)]


def test_the_first_index_stands_for_pypi() -> None:
    indexes = (
        Index("http://a:8080/simple"),
        Index("https://b/simple"),
        Index("https://c"),
    )
    script = MANAGERS["pip"].run(group("pip", *indexes)).script
    assert "\nexport PIP_INDEX_URL=http://a:8080/simple\n" in script
    assert "\nexport PIP_EXTRA_INDEX_URL='https://b/simple https://c'\n" in script
    assert "\nexport PIP_TRUSTED_HOST=a:8080\n" in script
    assert "NETRC" not in script


def test_pip_asks_with_a_netrc_of_hosts() -> None:
    one = Index("https://a.example.com:8443/simple", username="ci", secret="one")
    script = MANAGERS["pip"].run(group("pip", one)).script
    assert ' a.example.com ci "$password" >> /run/logins/netrc\n' in script
    assert "\nexport NETRC=/run/logins/netrc\n" in script


def test_apt_asks_with_what_its_sources_want() -> None:
    indexes = (
        Index("https://a/debian", username="ci", secret="one"),
        Index("http://b:80/debian", username="ci", secret="one"),
    )
    script = MANAGERS["apt"].run(group("apt", *indexes)).script
    assert 'a/debian ci "$password"' in script
    assert 'http://b:80/debian ci "$password"' in script
    assert script.index("Dir::Etc::netrc") < script.index("apt-get update")


@pytest.mark.parametrize(
    ("manager", "does"),
    [
        ("apt", "apt-get upgrade -y -q --no-install-recommends --with-new-pkgs"),
        ("yum", "$dnf -y upgrade"),
        ("apk", "apk upgrade --no-cache"),
    ],
)
def test_what_is_there_is_upgraded_before_more_comes(manager: str, does: str) -> None:
    row = MANAGERS[manager]
    alone = row.run(Group(manager, {}, {}, upgrades=True)).script.split("\n")
    assert does in alone
    both = Group(manager, {"x": Install("x")}, {"x": "x"}, upgrades=True)
    lines = row.run(both).script.split("\n")
    install = next(at for at, line in enumerate(lines) if line.endswith(" x"))
    assert lines.index(does) < install
