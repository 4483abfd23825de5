"""A Debian base with an archive of tiny packages that do what real ones do.

They have triggers, users, alternatives, diversions and logs; ``worlds.PACKAGES`` names
those that are asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

from tests.engine.deeds import MARK
from tests.engine.managers import AptRepository, command

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_WORDS = """#!/bin/sh
set -e
case "$1" in configure|triggered)
  mkdir -p /var/lib/words
  cat /usr/share/words/* > /var/lib/words/all 2> /dev/null || :;;
esac
"""
_PICK = """#!/bin/sh
set -e
update-alternatives --install /usr/bin/pick pick /usr/bin/pick-{name} {priority}
"""
_UNPICK = """#!/bin/sh
set -e
[ "$1" != remove ] || update-alternatives --remove pick /usr/bin/pick-{name}
"""
_DIVERT = """#!/bin/sh
set -e
[ "$1" != install ] || dpkg-divert --package divert --rename --quiet --add \\
  --divert /usr/share/two/version.real /usr/share/two/version
"""
_UNDIVERT = """#!/bin/sh
set -e
[ "$1" != remove ] || dpkg-divert --package divert --rename --quiet --remove \\
  --divert /usr/share/two/version.real /usr/share/two/version
"""
_DAEMON = """#!/bin/sh
set -e
[ "$1" = configure ] || exit 0
getent passwd daemon-own > /dev/null ||
  useradd --system --user-group --no-create-home --home-dir /var/lib/own daemon-own
mkdir -p /var/lib/own /var/log/app
chown daemon-own: /var/lib/own /var/log/app
chmod 2750 /var/log/app
echo daemon >> /var/log/app/all.log
"""
_MARKED = """\
FROM {base}
COPY mark {at}
"""
_DOCKERFILE = """\
FROM {base}
COPY archive /archive
RUN rm -f /etc/apt/sources.list.d/* && \\
    echo 'deb [trusted=yes] file:/archive stable main' > /etc/apt/sources.list
"""


def publish(repository: AptRepository) -> None:
    """Fill a repository."""
    scripts = {"postinst": _WORDS, "triggers": "interest-noawait /usr/share/words\n"}
    repository.add("words", scripts=scripts)
    repository.add("word", files={"/usr/share/words/of-package": "package\n"})
    for priority, name in enumerate(("picker", "picked")):
        repository.add(
            name,
            files={f"/usr/bin/pick-{name}": f"{name}\n"},
            scripts={
                "postinst": _PICK.format(name=name, priority=500 * priority),
                "prerm": _UNPICK.format(name=name),
            },
        )
    repository.add(
        "divert",
        files={"/usr/share/two/version": "diverted\n"},
        scripts={"preinst": _DIVERT, "postrm": _UNDIVERT},
    )
    repository.add("daemon", Depends="word", scripts={"postinst": _DAEMON})
    repository.add("linked", scripts={"triggers": "activate-noawait ldconfig\n"})
    repository.add("two", "2", conffiles={"/etc/two.conf": "two\n"})
    repository.publish()


def push_base(engine: Mapping[str, str], base: str, registry: str, folder: Path) -> str:
    """Push the base with the archive to a registry on loopback; gives its name."""
    repository = AptRepository(folder / "archive")
    try:
        publish(repository)
    finally:
        repository.stop()
    return _push(engine, _DOCKERFILE.format(base=base), registry, folder)


def push_marked(
    engine: Mapping[str, str], base: str, registry: str, folder: Path
) -> str:
    """Push a base that has a mark, and is another one for that."""
    (folder / "mark").write_text("marked\n")
    return _push(engine, _MARKED.format(base=base, at=MARK), registry, folder)


def _push(engine: Mapping[str, str], text: str, registry: str, folder: Path) -> str:
    tag = f"{registry}/dynbuild-test/archive:{uuid4().hex}"
    words = ["docker", "buildx", "build", "--provenance=false", "--push", "-t", tag]
    words += ["--network=host", "--allow=network.host"]
    command(*words, "-f", "-", folder, env=engine, input=text)
    return tag
