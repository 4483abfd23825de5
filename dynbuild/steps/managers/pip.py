"""pip, for packages of the system's own Python.

Each group is resolved against everything that is declared, so that pip keeps the
whole set consistent. Packages not installed by pip, or part of the base, stay.
"""

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from dynbuild.quote import shell
from dynbuild.steps.managers import logins, pip_pinned
from dynbuild.steps.managers.left_out import LEFT_OUT, attempt, marked
from dynbuild.steps.managers.manager import Manager
from dynbuild.steps.managers.pip_pinned import DISTRIBUTIONS
from dynbuild.steps.managers.script import (
    SHELL,
    fill,
    mounts,
    removals,
    upgrades,
    wrapped,
)
from dynbuild.steps.model import Group, Index
from dynbuild.steps.run import CacheMount, Run

# Who asks by ssh is no secret, but with a password.
_LOGIN = "//[^/?#]*:[^/?#]*@|//[^/?#:]+:(?![0-9]*(?:[/?#]|$)).*@|(?i:https?)://[^/?#]*@"

_REFUSALS = (
    (
        _LOGIN,
        "an address with a password would stand in the lock",
        "write it without; name where packages come from, and a secret, in pip_index",
    ),
    (r"@ *file:", "a file of the project is not a package of an index", None),
    (r"(?<![=!<>~])=(?!=)", "a version is pinned with ==", None),
)

# PEP 668 lets a distribution lock pip out of its Python; an image's Python is ours.
_CONFIGURE = """set -eu
export PIP_BREAK_SYSTEM_PACKAGES=1 PIP_ROOT_USER_ACTION=ignore PIP_NO_INPUT=1
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_CACHE_DIR=/root/.cache/pip
python=$(command -v python3 || command -v python || :)
"${python:-false}" -m pip --version > /dev/null 2>&1 || {
  echo 'dynbuild: pip_packages need pip, and it is not there: add "python3-pip" to' \\
    'apt_packages, or take a base that has Python' >&2
  exit 1
}"""

# Only distributions where the base had none of that name: next to Debian's own, not in
# place of the base's. A dependency of another declared package comes back with it.
_REMOVE = f"""leaving=$("$python" - @LEAVING@ <<'PYTHON'
{DISTRIBUTIONS}
for name in sorted(there.keys() & set(sys.argv[1:])):
    by_pip = (there[name].read_text("INSTALLER") or "").strip() == "pip"
    if by_pip and name not in named([f"@base@{{there[name].locate_file('')}}"]):
        print(name)
PYTHON
)
[ -z "$leaving" ] || "$python" -m pip uninstall -y $leaving"""

_CHECK = f""""$python" - @NAMES@ <<'PYTHON'
{DISTRIBUTIONS}
missing = [name for name in sys.argv[1:] if name not in there]
if missing:
    print("dynbuild: declared, but not there after its installation:", *missing,
        file=sys.stderr)
    sys.exit(1)
PYTHON"""


def accepts(spec: str) -> bool:
    """Whether it is a requirement (PEP 508) of an index or a URL of the network."""
    # What reads a lock asks this of nothing, and need not wait for a parser.
    from packaging.requirements import InvalidRequirement, Requirement  # noqa: PLC0415

    try:
        url = Requirement(spec).url
    except InvalidRequirement:
        return False
    return not (url and re.match(f"file:|.*(?:{_LOGIN})", url))


def key(spec: str) -> str:
    """Return ``flask`` for ``Flask[async]>=3; python_version > "3.9"`` (PEP 503)."""
    name = re.split(r"[^A-Za-z0-9._-]", spec.strip(), maxsplit=1)[0]
    return re.sub(r"[-_.]+", "-", name).lower()


def run(group: Group) -> Run:
    parts = [_CONFIGURE, *_asked(group)]
    leaving, declared = removals(group), sorted(group.declared.items())
    if leaving:
        parts.append(fill(_REMOVE, LEAVING=leaving))
    pinned = group.pinned
    if pinned is not None:
        parts.append(pip_pinned.BEFORE)
    if declared:
        if pinned is None or pinned.noting:
            parts += _installing(group)
        else:
            parts += pip_pinned.install(group, pinned)
        # A package with a marker may legitimately be absent.
        names = [name for name, spec in declared if ";" not in spec]
        parts += _checks(group, names)
    if pinned is not None:
        parts.append(fill(pip_pinned.NOTE, ASKED=[name for name, _ in declared]))
    scratch = () if pinned is None else (pip_pinned.MOUNT,)
    own = (CacheMount("/root/.cache/pip", "pip"), *scratch, *logins.mounts(group))
    return Run("\n".join(parts), mounts(group, *own), shell=SHELL)


def _installing(group: Group) -> Iterator[str]:
    """Yield lines that install all that is declared, as it comes."""
    newest = " --upgrade" if upgrades(group) else ""
    noted = "" if group.pinned is None else " $report"
    install = f'"$python" -m pip install{newest}{noted}'
    declared = sorted(group.declared.items())
    specs = [spec for _, spec in declared]
    if not group.gone:
        yield wrapped(install, specs)
        return
    kept = [spec for name, spec in declared if name not in group.gone]
    yield LEFT_OUT
    yield f'try() {{ {install} --dry-run "$@" > /dev/null 2>&1; }}'
    yield wrapped("set --", kept)
    yield wrapped(f"if ! {install}", specs, "; then")
    yield from (attempt(group, name) for name in sorted(group.gone))
    yield f'[ "$#" = 0 ] || {install} "$@"'
    yield "fi"


def _asked(group: Group) -> list[str]:
    """Return lines that say which indexes are asked, the first instead of PyPI."""
    if not group.indexes:
        return []
    first, *more = (index.url for index in group.indexes)
    variables = {
        "PIP_INDEX_URL": first,
        "PIP_EXTRA_INDEX_URL": " ".join(more),
        # What is said to be without encryption is meant to be.
        "PIP_TRUSTED_HOST": " ".join(
            urlsplit(url).netloc for url in (first, *more) if url.startswith("http:")
        ),
    }
    private = logins.netrc(group, "/root/.netrc", _host)
    if private:
        variables["NETRC"] = logins.NETRC
    said = [f"{name}={shell(text)}" for name, text in variables.items() if text]
    return [*private, *(f"export {one}" for one in said)]


def _host(index: Index) -> str:
    return urlsplit(index.url).hostname or ""


def _checks(group: Group, names: list[str]) -> list[str]:
    if not group.gone:
        return [fill(_CHECK, NAMES=names)] if names else []
    return [
        wrapped("set --", [name for name in names if name not in group.gone]),
        *(
            f'{marked(group, name)} || set -- "$@" {shell(name)}'
            for name in names
            if name in group.gone
        ),
        _CHECK.replace("@NAMES@", '"$@"'),
    ]


MANAGER = Manager(
    name="pip",
    kind="pypi",
    accepts=accepts,
    form="name, name==version or name @ URL",
    key=key,
    run=run,
    refusals=_REFUSALS,
    programs=("pip", "pip3"),
    index_field="pip_index",
    restricts=False,
    pinning=pip_pinned.PINNING,
    reads=(
        *("etc/pip.conf", "etc/xdg/pip", "root/.config/pip", "root/.pip"),
        *("usr/pip.conf", "usr/local/pip.conf", "root/.netrc"),
    ),
    uncounted={
        # When pip checked for a newer pip, and the responses of servers, by address.
        "pip": r"(?:.+/)?\.cache/pip/(?:selfcheck/[0-9a-f]+"
        r"|http(?:-v2)?/(?:[0-9a-f]/)+[0-9a-f]+)"
    },
)
