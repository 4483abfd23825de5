"""pip, for what the system's own Python imports.

Each group is resolved against everything that is declared, so that pip keeps the
whole set consistent. What was not installed by pip, or came with the base, stays.
"""

import re

from dynbuild.quote import words
from dynbuild.steps.managers.script import fill, mounts, removals, upgrades
from dynbuild.steps.model import Group
from dynbuild.steps.run import CacheMount, Run

_CONFIGURE = """set -eu
export PIP_BREAK_SYSTEM_PACKAGES=1 PIP_ROOT_USER_ACTION=ignore
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1
python=$(command -v python3 || command -v python || :)
"${python:-false}" -m pip --version > /dev/null 2>&1 || {
  echo 'dynbuild: pip_packages need pip, and it is not there: add "python3-pip" to' \\
    'apt_packages, or take a base that has Python' >&2
  exit 1
}"""

_REMOVE = """leaving=$("$python" - @NAMES@ <<'PYTHON'
import importlib.metadata, os, sys
for name in sys.argv[1:]:
    try:
        found = importlib.metadata.distribution(name)
    except importlib.metadata.PackageNotFoundError:
        continue
    if (found.read_text("INSTALLER") or "").strip() != "pip":
        continue
    facts = [file for file in found.files or () if file.name == "METADATA"]
    if not any(os.path.exists(f"@BASE@{file.locate()}") for file in facts):
        print(name)
PYTHON
)
[ -z "$leaving" ] || "$python" -m pip uninstall -y $leaving"""

_CHECK = """"$python" - @NAMES@ <<'PYTHON'
import importlib.metadata, sys
for name in sys.argv[1:]:
    try:
        importlib.metadata.distribution(name)
    except importlib.metadata.PackageNotFoundError:
        sys.exit(f"dynbuild: declared, but not there after its installation: {name}")
PYTHON"""


def key(spec: str) -> str:
    """``flask`` of ``Flask[async]>=3; python_version > "3.9"`` (PEP 503 names)."""
    name = re.split(r"[^A-Za-z0-9._-]", spec.strip(), maxsplit=1)[0]
    return re.sub(r"[-_.]+", "-", name).lower()


def run(group: Group) -> Run:
    parts = [_CONFIGURE]
    leaving = removals(group)
    if leaving:
        parts.append(fill(_REMOVE, leaving))
    declared = sorted(group.declared.items())
    if declared:
        newest = " --upgrade" if upgrades(group) else ""
        specs = words([spec for _, spec in declared])
        parts.append(f'"$python" -m pip install{newest} {specs}')
        # A package with a marker may rightly be absent.
        names = [name for name, spec in declared if ";" not in spec]
        if names:
            parts.append(fill(_CHECK, names))
    cache = CacheMount("/root/.cache/pip", "dynbuild-pip-$TARGETARCH")
    return Run("\n".join(parts), mounts(group, cache))
