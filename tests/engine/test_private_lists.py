"""Lists from servers that ask who asks, and the newest of what a base has."""

from __future__ import annotations

import io
import json
import subprocess
import tarfile
from base64 import b64encode
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from tests.engine.managers import AptRepository, Image, Quiet, make_base, served
from tests.engine.test_managers_pip import wheel
from tests.layouts import layer_archive

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.space import Done, Space

PASSWORD = f"s3cret-{uuid4().hex}#%&!"


class _Private(Quiet):
    """Answers those alone who know the password of ci."""

    def do_GET(self) -> None:  # noqa: N802 - as http.server calls it
        known = f"Basic {b64encode(f'ci:{PASSWORD}'.encode()).decode()}"
        if self.headers["Authorization"] == known:
            super().do_GET()
        else:
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="packages"')
            self.end_headers()


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AptRepository]:
    """Packages of apt and of pip behind one server, with a password."""
    made = AptRepository(tmp_path_factory.mktemp("private") / "repository")
    for name in ("aged", "inner", "outer", "late"):
        made.add(name)
    made.publish()
    wheel(made.folder / "simple", "greeting", "1.0")
    wheel(made.folder / "simple", "parting", "1.0")
    with served(made.folder, _Private) as address:
        made.address = address
        yield made
    made.stop()


@pytest.fixture(scope="module")
def base(
    engine: dict[str, str], debian_base: str, repository: AptRepository
) -> Iterator[str]:
    """A Debian with pip, and with a package of ours that will be out of date."""
    login = repository.address.replace(
        "//", f"//ci:{PASSWORD.replace('#%', '%23%25')}@"
    )
    dockerfile = f"""\
FROM {debian_base}
RUN apt-get update && apt-get install -y --no-install-recommends python3-pip && \\
    rm -rf /var/lib/apt/lists/* && rm -f /etc/apt/sources.list.d/* && \\
    echo 'deb [trusted=yes] {login} stable main' > /etc/apt/sources.list && \\
    apt-get update && apt-get install -y aged && \\
    rm -rf /etc/apt/sources.list /var/lib/apt/lists/* /var/log/apt/* /var/log/*.log \\
      /var/lib/dpkg/*-old /var/cache/debconf/*-old
"""
    tag = make_base(engine, dockerfile, f"private-lists-{uuid4().hex[:12]}")
    yield tag
    Image(None, engine, tag, tag).forget()  # type: ignore[arg-type]  # only removed


@pytest.fixture
def image(
    built: Space, engine: dict[str, str], base: str, repository: AptRepository
) -> Iterator[Image]:
    made = Image(built, engine, base)
    (built.root / "key.asc").write_bytes(repository.key(armoured=True))
    yield made
    made.forget()


def netrc(address: str) -> str:
    """The same server, as apt and as pip name it."""
    login = f"login ci password {PASSWORD}"
    return f"machine {address} {login}\nmachine 127.0.0.1 {login}\n"


def source(repository: AptRepository, login: str) -> str:
    return (
        f'{{ uri = "{repository.address}", suites = ["stable"], components = ["main"], '
        f'key = "key.asc", {login} }}'
    )


def realized(image: Image, repository: AptRepository, *arguments: str) -> Done:
    return image.space.run(
        *("realize", "-t", image.tag, *arguments),
        *("--secret", "id=login,env=LOGIN", "--secret", "id=pass,env=PASS"),
        LOGIN=netrc(repository.address),
        PASS=PASSWORD,
    )


def texts(image: Image) -> Iterator[bytes]:
    """All that is in an image: its files, their names, its config."""
    words = ["docker", "save", image.tag]
    done = subprocess.run(words, env=image.engine, capture_output=True, check=True)
    with tarfile.open(fileobj=io.BytesIO(done.stdout)) as archive:
        for member in archive:
            data = (archive.extractfile(member) or io.BytesIO()).read()
            yield data
            if not data.startswith(b"{") and "blobs/" in member.name and data:
                with layer_archive(data) as layer:
                    for entry in layer:
                        yield entry.name.encode()
                        if entry.isfile():
                            yield (layer.extractfile(entry) or io.BytesIO()).read()


DECLARED = """\
apt_packages = ["inner"]
apt_sources = [{of_apt}]
pip_packages = ["greeting"]
pip_index = {{ url = "{url}/simple", secret = "login" }}

[[stages]]
name = "apart"
build_only = true
apt_packages = ["outer"]
apt_sources = [{own}]
pip_packages = ["parting"]
commands = [
    "mkdir /out && python3 -c 'import parting; print(parting.version)' > /out/pip",
    "cp /usr/share/outer/version /out/apt",
]

[[stages]]
name = "last"
copy = [{{ stage = "apart", from = "/out", to = "/srv" }}]
"""


def test_secrets_are_in_no_layer_lock_or_log(
    image: Image, repository: AptRepository
) -> None:
    """By a password of a user, and by a file; for the image, and for a stage."""
    text = DECLARED.format(
        of_apt=source(repository, 'username = "ci", secret = "pass"'),
        own=source(repository, 'secret = "login"'),
        url=repository.address,
    )
    image.declare(text)
    image.space.ok("lock")
    lacking = image.space.run("realize", "-t", image.tag)
    assert lacking.status == 1
    assert "warning[DB0508]: apt.2 needs the secret 'pass', which is not given" in (
        lacking.err
    )
    assert "needs the secret 'login', which is not given" in lacking.err
    assert "hint: --secret id=login,env=VARIABLE" in lacking.err
    done = realized(image, repository)
    assert done.status == 0, done.err
    said = image.run("python3 -c 'import greeting' && cat /srv/pip /srv/apt")
    assert said == "1.0\n1\n"
    inside = image.look()
    assert (inside.complaints, inside.leftovers) == ("", [])
    assert image.run("ls -d /run/logins /run/secrets 2> /dev/null || :") == ""
    printed = image.space.ok("realize", "--print").out
    spoken = [
        done.out,
        done.err,
        lacking.err,
        printed,
        image.space.read("dynbuild.lock"),
    ]
    hidden = [PASSWORD, b64encode(PASSWORD.encode()).decode(), netrc("")[:40]]
    found = [text.encode() for text in spoken] + [*texts(image)]
    assert not [one for one in found for text in hidden if text.encode() in one]
    assert [one for one in found if b"version = '1.0'" in one]

    # Another password runs nothing again; another index, what came from it.
    again = realized(image, repository, "--progress", "rawjson")
    assert '"ran"' not in again.err


def test_a_wrong_password_is_told_by_the_server(
    image: Image, repository: AptRepository
) -> None:
    of_apt = source(repository, 'username = "other", secret = "pass"')
    image.declare(f'apt_packages = ["late"]\napt_sources = [{of_apt}]')
    image.space.ok("lock")
    done = realized(image, repository)
    assert done.status == 1
    assert "401" in done.err
    assert PASSWORD not in done.out + done.err


def test_what_the_base_has_is_upgraded_again_and_again(
    image: Image, repository: AptRepository
) -> None:
    of_apt = source(repository, 'username = "ci", secret = "pass"')
    text = f"apt_upgrade = true\napt_sources = [{of_apt}]"

    def edited(version: str, *flags: str) -> dict[str, str]:
        repository.add("aged", version)
        repository.publish()
        image.declare(text)
        image.space.ok("lock", *flags)
        done = realized(image, repository)
        assert done.status == 0, done.err
        return image.look().installed

    assert edited("2")["aged"] == "2"
    assert edited("3")["aged"] == "2"
    for version in ("4", "5"):
        assert edited(version, "--upgrade-packages")["aged"] == version
    log = image.space.read("dynbuild.lock")
    assert json.loads(log.split('"*" = ')[1].split("\n")[0]) == ["2 ^", "3 ^", "4 ^"]
