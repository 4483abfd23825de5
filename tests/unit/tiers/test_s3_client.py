"""Which credentials go to which server."""

import json
from pathlib import Path

import pytest

from dynbuild.ports import TierError
from dynbuild.tiers.s3.client import Settings, connect

_FROM = ("MINIO_ACCESS_KEY", "MINIO_SECRET_KEY", "AWS_ACCESS_KEY_ID")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in (*_FROM, "AWS_SECRET_ACCESS_KEY", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def secrets(settings: Settings) -> tuple[str, ...]:
    clients = connect(settings)
    clients.close()
    return clients.secrets


@pytest.mark.parametrize("table", ["aliases", "hosts"])
def test_an_alias_of_mc_is_for_its_own_server_alone(home: Path, table: str) -> None:
    (home / ".mc").mkdir()
    other = {"url": "https://s3.example.org", "accessKey": "a", "secretKey": "other"}
    lan = {"url": "https://minio.lan:9000/", "accessKey": "b", "secretKey": "lan"}
    (home / ".mc/config.json").write_text(json.dumps({table: {"s3": other, "x": lan}}))
    assert secrets(Settings("minio.lan:9000", "bucket")) == ("lan", "b")
    assert secrets(Settings("evil.example.org", "bucket")) == ()
    # Nor to the same name without TLS.
    assert secrets(Settings("minio.lan:9000", "bucket", secure=False)) == ()


@pytest.mark.parametrize(
    "text", ["", "[]", '{"aliases": [1]}', '{"aliases": {"a": 1}}']
)
def test_a_configuration_of_mc_that_makes_no_sense_gives_none(
    home: Path, text: str
) -> None:
    (home / ".mc").mkdir()
    (home / ".mc/config.json").write_text(text)
    assert secrets(Settings("minio.lan:9000", "bucket")) == ()


def test_variables_are_for_the_server_in_use(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert home
    monkeypatch.setenv("MINIO_ACCESS_KEY", "name")
    monkeypatch.setenv("MINIO_SECRET_KEY", "word")
    assert secrets(Settings("minio.lan:9000", "bucket")) == ("word", "name")


@pytest.mark.parametrize("endpoint", ["a:99999", "x[", "[::1]:x"])
def test_an_address_that_is_none(home: Path, endpoint: str) -> None:
    del home
    with pytest.raises(TierError, match="address"):
        connect(Settings(endpoint, "bucket"))


def test_a_proxy_that_is_none(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    del home
    monkeypatch.setenv("https_proxy", "http://x[")
    with pytest.raises(TierError, match="proxy"):
        connect(Settings("s3.example.org", "bucket"))
