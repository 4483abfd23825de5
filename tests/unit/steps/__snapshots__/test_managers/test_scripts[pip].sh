set -eu
export PIP_BREAK_SYSTEM_PACKAGES=1 PIP_ROOT_USER_ACTION=ignore PIP_NO_INPUT=1
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_CACHE_DIR=/root/.cache/pip
python=$(command -v python3 || command -v python || :)
"${python:-false}" -m pip --version > /dev/null 2>&1 || {
  echo 'dynbuild: pip_packages need pip, and it is not there: add "python3-pip" to' \
    'apt_packages, or take a base that has Python' >&2
  exit 1
}
leaving=$("$python" - jinja2 <<'PYTHON'
import re, sys
from importlib.metadata import distributions
def named(path):
    found = [(d.metadata["Name"] or "", d) for d in distributions(path=path)]
    return {re.sub("[-_.]+", "-", name).lower(): d for name, d in reversed(found)}
there = named(sys.path)
for name in sorted(there.keys() & set(sys.argv[1:])):
    by_pip = (there[name].read_text("INSTALLER") or "").strip() == "pip"
    if by_pip and name not in named([f"/run/base{there[name].locate_file('')}"]):
        print(name)
PYTHON
)
[ -z "$leaving" ] || "$python" -m pip uninstall -y $leaving
"$python" -m pip install 'Flask[async]~=3.0,!=3.0.1' \
  'tomli;python_version<'"'"'3.11'"'"'' zope.interface
"$python" - flask zope-interface <<'PYTHON'
import re, sys
from importlib.metadata import distributions
def named(path):
    found = [(d.metadata["Name"] or "", d) for d in distributions(path=path)]
    return {re.sub("[-_.]+", "-", name).lower(): d for name, d in reversed(found)}
there = named(sys.path)
missing = [name for name in sys.argv[1:] if name not in there]
if missing:
    print("dynbuild: declared, but not there after its installation:", *missing,
        file=sys.stderr)
    sys.exit(1)
PYTHON
