"""A project of real packages that is edited, and what has to hold after every edit."""

from __future__ import annotations

import json
import tomllib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dynbuild.steps.managers import apt, pip
from tests.engine.managers import Image

if TYPE_CHECKING:
    from collections.abc import Collection

# Each section is empty where all is well, but for those that list what there is.
_PROBE = r"""
echo == audit
dpkg --audit
echo == check
apt-get check -qq 2>&1
apt-get -s install -f -qq 2>&1
echo == pip
if command -v pip > /dev/null; then pip check 2>&1 | grep -v '^No broken'; fi
echo == apt
dpkg-query -W -f '${Package} ${Status}\n'
echo == versions
dpkg-query -W -f '${Package} ${Version}\n'
echo == distributions
if command -v pip > /dev/null; then pip list --format freeze 2> /dev/null; fi
echo == accounts
cut -d: -f1 /etc/passwd
echo == groups
cut -d: -f1 /etc/group
echo == cached
ldconfig -p | awk 'NR > 1 { print $1 }'
echo == stale
cp /etc/ld.so.cache /tmp/before && ldconfig && cmp /tmp/before /etc/ld.so.cache
echo == dangling
find /etc/alternatives -xtype l
"""
_WELL = ("audit", "check", "pip", "stale")


@dataclass(frozen=True)
class Seen:
    """What an image says about what is installed in it."""

    sections: dict[str, list[str]]

    @property
    def versions(self) -> dict[str, str]:
        """Debian packages and their versions."""
        return dict(line.split(" ", 1) for line in self.sections["versions"])

    @property
    def distributions(self) -> dict[str, str]:
        """What pip lists, each distribution with its version."""
        found = [line.split("==") for line in self.sections["distributions"]]
        assert len({name.lower() for name, _ in found}) == len(found), found
        return {name.lower(): version for name, version in found}

    @property
    def accounts(self) -> list[str]:
        return self.sections["accounts"]

    @property
    def cached(self) -> list[str]:
        """The libraries that the dynamic linker's cache lists."""
        return self.sections["cached"]


@dataclass
class Software(Image):
    """An image whose every edit is linked, compared with a plain build, and probed."""

    differs: Collection[str] = ()
    warned: list[str] = field(default_factory=list)

    def becomes(self, text: str, *ran: str) -> Seen:
        """Declare, lock, realize: exactly the steps named run, and all is well."""
        self.declare(text)
        self.space.ok("lock")
        words = ("realize", "--compare-linear", "-t", self.tag)
        done = self.space.run(*words, "--metadata-file", "built.json")
        found = [line.partition(":")[0] for line in done.out.splitlines()]
        assert [path for path in found if path not in self.differs] == [], done.err
        assert done.status == (1 if found else 0), done.err
        self.warned = [line for line in done.err.splitlines() if "DB0602" in line]
        steps = json.loads(self.space.read("built.json"))["dynbuild.steps"]
        names = [step["step"] for step in steps if step["ran"]]
        assert names == list(ran), names
        return self.probe()

    def probe(self) -> Seen:
        """Look into the image, and see that nothing in it is broken."""
        sections: dict[str, list[str]] = {}
        for line in self.run(_PROBE, "--user=0").splitlines():
            if line.startswith("== "):
                sections[line[3:]] = []
            else:
                sections[list(sections)[-1]].append(line)
        broken = [line for name in _WELL for line in sections[name]]
        assert broken == [], broken
        for name in ("accounts", "groups"):
            assert len(set(sections[name])) == len(sections[name]), sections[name]
        declared = tomllib.loads(self.space.read("dynbuild.toml"))
        seen = Seen(sections)
        for spec in declared.get("apt_packages", ()):
            assert f"{apt.key(spec)} install ok installed" in sections["apt"]
        for spec in declared.get("pip_packages", ()):
            assert pip.key(spec) in seen.distributions
        broken = [line for line in sections["apt"] if "ok installed" not in line]
        assert broken == []
        return seen


def declared(
    *stages: str, apt_packages: str = "", pip_packages: str = "", more: str = ""
) -> str:
    """A declaration; packages are separated by spaces."""
    lists = {"apt_packages": apt_packages, "pip_packages": pip_packages}
    told = [f"{name} = {json.dumps(text.split())}" for name, text in lists.items()]
    return "\n".join([*told, more, *stages])


def stage(name: str, *commands: str, on: str = "", more: str = "") -> str:
    """A stage of a declaration; what it depends on is separated by spaces."""
    return (
        f'[[stages]]\nname = "{name}"\ndependencies = {json.dumps(on.split())}\n'
        f"commands = {json.dumps(commands)}\n{more}\n"
    )
