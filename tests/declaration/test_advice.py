"""Warnings where commands cannot do what they say, and silence everywhere else."""

import json
from pathlib import Path

import pytest
from syrupy.assertion import SnapshotAssertion

from dynbuild.declaration.load import load
from dynbuild.declaration.loaded import Loaded
from dynbuild.declaration.syntax import decode, syntax_of
from dynbuild.errors import DeclarationError, render
from dynbuild.spans import Source
from tests.snapshot_files import files

FOLDER = Path(__file__).parent / "advice"
FILES = sorted(path.name for path in FOLDER.iterdir() if path.is_file())


@pytest.mark.parametrize("name", FILES)
def test_words(name: str, snapshot: SnapshotAssertion) -> None:
    loaded = load(decode(name, (FOLDER / name).read_bytes()), syntax_of(name))
    assert {one.severity for one in loaded.warnings} == {"warning"}
    text = "\n".join(map(render, loaded.warnings))
    assert "hunter" not in text
    assert text == snapshot(extension_class=files("txt"))


def declared(commands: list[str], **more: object) -> Loaded:
    stage = {"name": "a", "commands": commands, **more}
    text = json.dumps({"apt_packages": ["python3-pip"], "stages": [stage]})
    return load(Source("dynbuild.json", text), "json")


ORDINARY = r"""
mkdir -p /app
cp /etc/skel/.bashrc /root/
cp -r /usr/share/x /opt/x
cp etc/hosts /tmp/hosts
cp "$SRC" /app
cp *.conf /etc/
cp /a/b .
mv /tmp/a /usr/local/bin/a
ln -s /usr/bin/python3 /usr/bin/python
install -d /var/lib/app
install -m 0755 /tmp/x /usr/bin/x
rsync -a host:/srv/ /srv/
rsync -a /a/ /b/
tar -C /usr/local -xzf /tmp/go.tar.gz
tar czf /tmp/out.tgz -C /app .
tar xf /tmp/a.tar
curl -fsSL https://example.org/x.tar.gz | tar xz -C /opt
curl -o a.zip https://example.org/a.zip && unzip a.zip && cp a/b /usr/bin/b
git clone https://github.com/a/b && cp b/c /usr/local/bin
git clone --depth 1 https://github.com/a/b && cd b && make && cp b /usr/bin
cd /app && cp config.example config
cd /src && ./configure && make && make install
wget -q https://example.org/install.sh && sh install.sh
wget https://example.org/x.tgz; tar xzf x.tgz; mv x /opt/
printf '%s\n' a > b && cp b /etc/b
echo "cp . /app"
echo 'pip install x' > /etc/motd
chmod +x /usr/local/bin/tool
chown -R app:app /app
find / -name '*.pyc' -delete
ldconfig
locale-gen en_US.UTF-8
update-ca-certificates
useradd -m app
groupadd -r app
sed -i 's/a/b/' /etc/hosts
apt-get clean
apt-get update
apt-get purge -y gcc
apt-get install -y /tmp/x.deb
apt-get install -y $PACKAGES
apt-get install -t bookworm-backports -y jq
apt list --installed
dpkg -i /tmp/x.deb
apk del .build-deps
python3 -m compileall /app
python3 -c 'print("cp . /app")'
python3 -m http.server --help
python3 /app/manage.py collectstatic
python3 -m venv /opt/venv && /opt/venv/bin/pip install flask
/opt/venv/bin/pip install -r /app/requirements.txt
pip --version
pip3 list
pip3 download -d /wheels flask
pip3 install --break-system-packages flask
pip3 install --target /opt/lib flask
PIP_BREAK_SYSTEM_PACKAGES=1 pip3 install flask
pip3 config set global.index-url https://example.org
npm ci --prefix /app
npm install -g typescript
cargo build --release
go build -o /usr/bin/x /src
make -C /src install
sudo -u app id
su app -c 'cp . /home/app'
if [ -f requirements.txt ]; then cp requirements.txt /app; fi
for f in a b; do cp $f /app; done
cp a /b || true
[ -d src ] && cp -r src /app || true
test -e /x && rm -rf /x
set -x; cp /a /b 2>/dev/null
export A=1 && make -f /src/Makefile
(cd /src && make)
dd if=/dev/zero of=/swap bs=1M count=1
ssh-keyscan github.com >> /root/.ssh/known_hosts
"""


@pytest.mark.parametrize("command", ORDINARY.strip().split("\n"))
def test_ordinary_commands_stay_silent(command: str) -> None:
    assert not declared([command]).warnings


@pytest.mark.parametrize(
    "commands",
    [
        ["cat <<EOF > /etc/x\ncp . /app\nEOF"],
        ["set -o pipefail", "curl -fs https://example.org/x | sh"],
        ["curl -fs https://example.org/x | sh; test ${PIPESTATUS[0]} = 0"],
        ["curl -fs https://example.org/x | sh || exit 1"],
        ["[ -f /x ] && rm /x\ntrue"],
        ["make && make install"],
        ["A=$(uname)", "export A"],
    ],
)
def test_commands_whose_failure_shows_stay_silent(commands: list[str]) -> None:
    assert not declared(commands).warnings


def test_a_long_join_is_told_in_words() -> None:
    with pytest.raises(DeclarationError, match="write these 2 entries as one"):
        declared(["make \\", "x" * 500])
    with pytest.raises(DeclarationError, match="remove the backslash"):
        declared(["make", "make install \\"])


def looking(command: str, **more: object) -> Loaded:
    """A stage with a command, behind two others."""
    stages = [{"name": name, "commands": ["true"]} for name in ("a", "b")]
    stages.append({"name": "c", "commands": [command], **more})
    return load(Source("dynbuild.json", json.dumps({"stages": stages})), "json")


@pytest.mark.parametrize(
    "command",
    [
        "ls /opt > /inventory",
        "du -s /usr/ > /sizes",
        "find / -xdev -name '*.pyc' -delete",
        "find /usr/lib /x -type f -exec strip {} +",
        "find /etc > /files",
        "chown -R app /home",
        "chmod -cR g+w /srv/",
        "chgrp --recursive app /opt",
        "cd / && chown -R 1:1 /var/lib",
    ],
)
def test_commands_that_only_look(command: str) -> None:
    (warning,) = looking(command).warnings
    assert warning.code == "DB0197"
    assert "'a' and 1 more" in warning.message
    assert not looking(command, dependencies=["*"]).warnings
    assert not looking(command, dependencies=["b", "a"]).warnings
    assert "what 'b' may" in looking(command, dependencies=["a"]).warnings[0].message


@pytest.mark.parametrize(
    "command",
    [
        "ls /opt",
        "ls -l /opt/own > /inventory",
        "find / -name x",
        "find . -type f > /files",
        "find /opt/own -delete",
        "find -name / -delete",
        "chown app /home",
        "chown -R app /home/app",
        "chmod -R a+rX .",
        "ls $DIRECTORY > /x",
        "ls /opt > /inventory || true",
    ],
)
def test_commands_that_look_at_little(command: str) -> None:
    assert not looking(command).warnings


ELSEWHERE = {
    "a workdir": (["cp . /app"], {"workdir": "/src"}),
    "an earlier cd": (["cd /src", "cp . /app"], {}),
    "something unclear": (["for d in /src; do cd $d; done", "cp . /app"], {}),
    "made before": (["git clone https://x/y", "cp -r y/z /app"], {}),
    "copied": (["cp src/x /app"], {"copy": [{"from": "src", "to": "/src/"}]}),
    "copied to /": (["sh setup.sh"], {"copy": [{"from": "setup.sh", "to": "/"}]}),
    "told": (["pip3 install x"], {"build_env": {"PIP_BREAK_SYSTEM_PACKAGES": "1"}}),
    "another Python": (["pip3 install x"], {"env": {"PATH": "/opt/venv/bin:$PATH"}}),
    "a build stage": (["apt-get install -y gcc"], {"build_only": True}),
    "another user": (["sudo make install"], {"user": "www-data"}),
}


@pytest.mark.parametrize("name", ELSEWHERE)
def test_commands_that_may_be_right_stay_silent(name: str) -> None:
    commands, more = ELSEWHERE[name]
    assert not declared(commands, **more).warnings


@pytest.mark.parametrize(
    ("base", "packages", "expected"),
    [
        ("debian:bullseye", ["python3-pip"], set()),
        ("ubuntu:22.04", ["python3-pip=22.*"], set()),
        ("debian", ["python3-pip"], {"DB0192"}),
        ("debian:12-slim", [], {"DB0191", "DB0192"}),
        ("python:3.13", [], set()),
        ("ghcr.io/org/app", [], set()),
    ],
)
def test_pip_by_base(base: str, packages: list[str], expected: set[str]) -> None:
    value = {
        "base": base,
        "apt_packages": packages,
        "stages": [{"name": "a", "commands": ["pip install flask"]}],
    }
    loaded = load(Source("x", json.dumps(value)), "json")
    assert {warning.code for warning in loaded.warnings} == expected


def test_files_of_an_unknown_base_or_another_stage_may_be_there() -> None:
    value = {
        "base": "ghcr.io/org/app",
        "stages": [{"name": "a", "commands": ["sh start.sh"]}],
    }
    assert not load(Source("x", json.dumps(value)), "json").warnings
    value = {
        "stages": [
            {"name": "a", "commands": ["make start.sh"]},
            {"name": "b", "dependencies": ["a"], "commands": ["sh start.sh"]},
        ],
    }
    assert not load(Source("x", json.dumps(value)), "json").warnings


def on_own_base(base: str, own: str, *commands: str, **more: object) -> list[str]:
    """The codes of what is advised about a stage with a base of its own."""
    stage = {"name": "a", "base": own, "commands": [*commands], **more}
    declared = json.dumps({"base": base, "stages": [stage]})
    loaded = load(Source("dynbuild.json", declared), "json")
    return [warning.code for warning in loaded.warnings]


def test_files_that_are_missing_go_by_the_base_of_the_stage() -> None:
    taking = "cp -r src /opt/src"
    assert on_own_base("debian", "node:22", taking) == ["DB0190"]
    assert on_own_base("ghcr.io/team/base", "node:22", taking) == ["DB0190"]
    assert on_own_base("debian", "ghcr.io/team/tools", taking) == []


def test_scripts_of_the_image_make_no_files_for_another_base() -> None:
    declared = {
        "env_scripts": ["mkdir src"],
        "stages": [
            {"name": "a", "base": "node:22", "commands": ["cp -r src /opt/src"]},
            {"name": "b", "commands": ["cp -r src /opt/src"]},
        ],
    }
    loaded = load(Source("dynbuild.json", json.dumps(declared)), "json")
    assert [one.code for one in loaded.warnings] == ["DB0190"]


def test_lists_of_a_stage_are_for_its_base() -> None:
    of_apt: dict[str, object] = {"apt_packages": ["curl"]}
    assert on_own_base("debian", "alpine:3.22", "true", **of_apt) == ["DB0194"]
    assert on_own_base("alpine", "debian", "true", **of_apt) == []
    assert on_own_base("alpine", "node:22", "true", **of_apt) == []


def test_the_shell_that_tests_pipes_is_one_of_the_stages_base() -> None:
    for base, own, shell in [
        ("alpine", "debian", "/bin/bash"),
        ("debian", "alpine", "/bin/sh"),
    ]:
        stage = {"name": "a", "base": own, "commands": ["curl x | sh"]}
        declared = json.dumps({"base": base, "stages": [stage]})
        loaded = load(Source("dynbuild.json", declared), "json")
        (warning,) = [one for one in loaded.warnings if one.code == "DB0182"]
        assert warning.hint is not None
        assert f'"{shell}"' in warning.hint
