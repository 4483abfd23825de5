"""pip's groups whose versions are written down, or are to be.

A group that notes leaves in its layer what came, by what pip reports of the very
installation. One that is pinned installs these versions alone, each by the digest of
its archive, and has pip look whether they satisfy all that is declared.
"""

import re
from collections.abc import Iterator, Mapping

from dynbuild.steps.managers.came import (
    BEGINNING,
    UNFIT,
    UNKNOWN,
    UNSERVED,
    Came,
    Pinning,
    acted,
    digests_differ,
    versions_differ,
)
from dynbuild.steps.managers.presence import DIFFERS, ReadText
from dynbuild.steps.managers.script import fill, removals
from dynbuild.steps.model import Group, Install
from dynbuild.steps.pinned import ALL, NOBODY, Pinned
from dynbuild.steps.run import ScratchMount

CAME = "var/lib/dynbuild/came/pip"
"""Where a group says what came: lines of package, version, digest, and mark."""

NAME = r"[a-z0-9]+(?:-[a-z0-9]+)*"
VERSION = r"[A-Za-z0-9][A-Za-z0-9.!+_-]{0,255}"
"""Names as the lock has them (PEP 503), and what versions consist of (PEP 440)."""

_FOLDER = "/run/versions"
MOUNT = ScratchMount(_FOLDER)

# Names are compared as normalised by PEP 503; older Pythons look them up as written.
DISTRIBUTIONS = """\
import re, sys
from importlib.metadata import distributions
def named(path):
    found = [(d.metadata["Name"] or "", d) for d in distributions(path=path)]
    return {re.sub("[-_.]+", "-", name).lower(): d for name, d in reversed(found)}
there = named(sys.path)"""

# pip before 22.2 reports nothing: then no digest is known of what came.
BEFORE = f"""cat > {_FOLDER}/there.py <<'PYTHON'
{DISTRIBUTIONS}
versions = {{name: d.version for name, d in there.items() if name and d.version}}
PYTHON
"$python" - > {_FOLDER}/before <<'PYTHON'
import json, sys
sys.path.append("{_FOLDER}")
from there import versions
json.dump(versions, sys.stdout)
PYTHON
report=
if "$python" -m pip install --help | grep -e --report > /dev/null; then
  report='--report {_FOLDER}/report'
fi"""

# What came is what is there, and was not before. What was not declared is not marked as
# asked for: all that is installed by its version is, at first.
NOTE = f"""# What came is left to be read, with the digests of what pip installed.
"$python" - @ASKED@ <<'PYTHON'
import json, os, re, sys
sys.path.append("{_FOLDER}")
from there import there, versions
def read(name, usual):
    try:
        with open("{_FOLDER}/" + name, encoding="utf-8") as file:
            return file.read()
    except FileNotFoundError:
        return usual
before = json.loads(read("before", ""))
asked = set(sys.argv[1:])
told = asked | {{line.split()[0] for line in read("lock", "").splitlines()}}
sums = {{}}
for one in json.loads(read("report", '{{"install": []}}'))["install"]:
    name = re.sub("[-_.]+", "-", one["metadata"]["name"]).lower()
    archive = one["download_info"].get("archive_info") or {{}}
    known = (archive.get("hashes") or {{}}).get("sha256")
    known = known or (archive.get("hash") or "").partition("sha256=")[2]
    if known and not one.get("is_direct"):
        sums[name, one["metadata"]["version"]] = known
def unmark(found):
    for path in found.files or ():
        if path.name == "REQUESTED" and path.parent.suffix == ".dist-info":
            os.unlink(found.locate_file(path))
            record = found.locate_file(path.parent.joinpath("RECORD"))
            with open(record, encoding="utf-8", newline="") as file:
                lines = file.readlines()
            with open(record, "w", encoding="utf-8", newline="") as file:
                file.writelines(one for one in lines if one.split(",")[0] != str(path))
lines = ["{BEGINNING}"]
for name, version in sorted(versions.items()):
    if before.get(name) != version:
        if name not in asked:
            unmark(there[name])
        mark = "manual" if name in asked else "auto"
        lines.append(" ".join([name, version, sums.get((name, version), "-"), mark]))
    elif name in told:
        lines.append(f"{{name}} {{version}} - there")
os.makedirs("/{CAME.rpartition("/")[0]}", exist_ok=True)
with open("/{CAME}", "w", encoding="utf-8") as file:
    file.writelines(one + "\\n" for one in lines)
PYTHON"""

# What is there in the lock's version stays; all else has to be one of the archives
# whose digests are known: nothing else is even unpacked, but what sources are built
# with. Only an index that answers can say that it does not have a version.
_INSTALL = f"""cat > {_FOLDER}/lock <<'LOCK'
@lock@
LOCK
"$python" - > {_FOLDER}/wanted <<'PYTHON'
import sys
sys.path.append("{_FOLDER}")
from there import versions
unknown = False
with open("{_FOLDER}/lock", encoding="utf-8") as file:
    for name, version, *sums in map(str.split, file):
        if versions.get(name) != version:
            if not sums:
                unknown = True
                print(f"{UNKNOWN} {{name}}=={{version}}", file=sys.stderr)
            print(f"{{name}}=={{version}}", *sums)
sys.exit(unknown)
PYTHON
if [ -s {_FOLDER}/wanted ]; then
  bring() {{
    "$python" -m pip install --no-deps --require-hashes $report "$@" \\
      -r {_FOLDER}/wanted 2> {_FOLDER}/errors
  }}
  other() {{ grep 'DO NOT MATCH THE HASHES' {_FOLDER}/errors > /dev/null; }}
  # A cache may have another archive than is served now.
  bring || {{ other && bring --no-cache-dir; }} || {{
    cat {_FOLDER}/errors >&2
    if other; then
      echo '{DIFFERS}' >&2
    elif ! grep 'Retrying (' {_FOLDER}/errors > /dev/null; then
      found='^ERROR: No matching distribution found for \\([^ ]*\\).*'
      sed -n "s/$found/{UNSERVED} \\1/p" {_FOLDER}/errors >&2
    fi
    exit 1
  }}
  cat {_FOLDER}/errors >&2
fi"""

# What the image says to pip does not count here: with other places to look in, or
# without dependencies, everything would fit.
_FITS = f"""if [ -n "$report" ]; then
  fits() (
    for name in $(env | sed -n 's/^\\(PIP_[A-Z_]*\\)=.*/\\1/p'); do
      unset "$name"
    done
    export PIP_CONFIG_FILE=/dev/null PIP_BREAK_SYSTEM_PACKAGES=1
    "$python" -m pip install -q --no-index --dry-run "$@"
  )
  fits @SPECS@ || {{
    echo '{UNFIT}' >&2
    exit 1
  }}
fi"""


def install(group: Group, pinned: Pinned) -> Iterator[str]:
    """Yield lines that install the very versions that are written down."""
    if pinned.packages:
        lock = [
            " ".join([name, version, *_hashes(pinned, name, version)])
            for name, version in pinned.packages.items()
        ]
        yield _INSTALL.replace("@lock@", "\n".join(lock))
    specs = [
        spec
        for name, spec in sorted(group.declared.items())
        if name not in group.gone and not _is_direct(spec)
    ]
    if specs:
        yield fill(_FITS, SPECS=specs)


def _hashes(pinned: Pinned, name: str, version: str) -> Iterator[str]:
    for one in sorted(pinned.sums.get(f"{name} {version}", ())):
        yield f"--hash=sha256:{one}"


def _is_direct(spec: str) -> bool:
    """Whether a requirement names an address: no index says what is there."""
    return bool(re.match(r"\s*[A-Za-z0-9._-]+\s*(?:\[[^\]]*\])?\s*@", spec))


def _asked(group: Group) -> frozenset[str]:
    """Return what has to have a version: what is asked for.

    What an address names has no version that an index knows. A removal may bring
    something back: all that is declared is installed then.
    """
    names = [*acted(group)]
    if any(_is_direct(group.declared[name]) for name in names):
        return frozenset()
    if removals(group) and group.declared and not names:
        return frozenset({ALL})
    return frozenset(names)


def _asks_for_older(group: Group) -> bool:
    """Whether a version may become lower: a spec bounds it from above."""
    return any(
        isinstance(action, Install) and re.search(r"<|==|~=|!=", _bounds(action.spec))
        for action in group.actions.values()
    )


def _bounds(spec: str) -> str:
    return spec.partition(";")[0]


def is_older(one: str, other: str) -> bool:
    """Whether a version is older than another (PEP 440); what is none, is."""
    # Most locks have no versions to compare.
    from packaging.version import InvalidVersion, Version  # noqa: PLC0415

    try:
        return Version(one) < Version(other)
    except InvalidVersion:
        return one != other


def _written(
    group: Group, noted: tuple[Came, ...], there: Mapping[str, str]
) -> dict[str, str]:
    """Return what to write down of a group: what came, and what it was asked for."""
    del there
    known = {one.name: one.version for one in noted}
    versions = {one.name: one.version for one in noted if one.brought}
    for name in sorted(_asked(group)):
        versions.setdefault(name, known.get(name, NOBODY))
    return versions


def _compared(
    _: Group, pinned: Pinned, noted: tuple[Came, ...], __: ReadText
) -> Iterator[str]:
    brought = tuple(one for one in noted if one.brought)
    there = {one.name: one.version for one in noted}
    yield from versions_differ(pinned, brought, there)
    yield from digests_differ(pinned, brought, "pip")


PINNING = Pinning(
    notes=CAME,
    name=NAME,
    version=VERSION,
    asked=_asked,
    asks_for_older=_asks_for_older,
    is_older=is_older,
    written=_written,
    compared=_compared,
    since=10,
    teller="pip",
    needed="pip 22.2 or newer tells the SHA-256 of\nwhat an index serves, and none of "
    "what an address names",
    stands_on=r"(?:lib)?(?:python|pypy).*",
)
