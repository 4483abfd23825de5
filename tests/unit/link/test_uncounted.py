import pytest

from dynbuild.link.model import Written
from dynbuild.link.uncounted import byte_code, uncounted

SOURCE = Written("file", content="sha256:1", new=True)


@pytest.mark.parametrize(
    "path",
    [
        "var/log/apt/term.log",
        "var/cache/apt/srcpkgcache.bin",
        "var/log/dpkg.log",
        "var/log/alternatives.log",
        "var/log/dnf.log",
        "var/log/dnf.librepo.log",
        "var/cache/ldconfig/aux-cache",
        "root/.cache/pip/selfcheck/0af",
        "home/app/.cache/pip/http-v2/0/a/1/b/2/0a1b2",
        "root/.npm/_logs/2026-01-01T00_00_00_000Z-debug-0.log",
        "root/.npm/_cacache/index-v5/0a/1b/2c3d",
        "__pycache__/re.cpython-311.pyc",
        "usr/lib/python3/__pycache__/re.cpython-311.opt-1.pyc",
    ],
)
def test_files_that_managers_write_again_and_again(path: str) -> None:
    assert uncounted(path)


@pytest.mark.parametrize(
    "path",
    [
        "var/log/dpkg.log.1",
        "var/log/dpkg.log\n",
        "var/log/apt",
        "srv/var/log/dpkg.log",
        "var/log/app.log",
        "var/cache/apt/archives/x.deb",
        "root/.cache/pip/wheels/0/a.whl",
        "root/.cache/pip/http-v2/0/a/1/b/2/0a1b2.body",
        "root/.npm/_cacache/content-v2/sha512/0a/1b/2c",
        "root/.npm/_logs/app.log",
        "a/__pycache__/notes.txt",
        "a/__pycache__/b/c.pyc",
        "a/re.pyc",
        "tmp/x",
    ],
)
def test_files_of_other_names_count(path: str) -> None:
    assert not uncounted(path)


@pytest.mark.parametrize(
    ("path", "source", "at"),
    [
        ("__pycache__/a.cpython-311.pyc", "a.py", "__pycache__/a.*"),
        ("x/__pycache__/a.b.cpython-39.pyc", "x/a.b.py", "x/__pycache__/a.b.*"),
        ("x/__pycache__/a.pypy39.opt-2.pyc", "x/a.py", "x/__pycache__/a.*"),
    ],
)
def test_the_source_of_byte_code(path: str, source: str, at: str) -> None:
    told = Written("file", content="file sha256:1", new=True)
    assert byte_code(path, {source: SOURCE}) == (at, told)
    assert byte_code(path, {f"{source}c": SOURCE}) == (at, Written("file", new=True))


@pytest.mark.parametrize("path", ["a.pyc", "x/__pycache__/a.pyc", "x/__pycache__/a.py"])
def test_what_is_no_byte_code(path: str) -> None:
    assert byte_code(path, {}) is None
