set -eu
export PIP_BREAK_SYSTEM_PACKAGES=1 PIP_ROOT_USER_ACTION=ignore PIP_NO_INPUT=1
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_CACHE_DIR=/root/.cache/pip
python=$(command -v python3 || command -v python || :)
"${python:-false}" -m pip --version > /dev/null 2>&1 || {
  echo 'dynbuild: pip_packages need pip, and it is not there: add "python3-pip" to' \
    'apt_packages, or take a base that has Python' >&2
  exit 1
}
left_out() {
  mkdir -p /var/lib/dynbuild/left-out
  printf '%s\n' "$1" > "/var/lib/dynbuild/left-out/$2"
  echo "dynbuild: left out, as it is not to be had and no longer declared: $1" >&2
}
try() { "$python" -m pip install --dry-run "$@" > /dev/null 2>&1; }
set -- flask
if ! "$python" -m pip install flask jqq==9; then
if try "$@" jqq==9; then set -- "$@" jqq==9
else left_out jqq==9 pip-9c9156e87fda
fi
[ "$#" = 0 ] || "$python" -m pip install "$@"
fi
set -- flask
[ -e /var/lib/dynbuild/left-out/pip-9c9156e87fda ] || set -- "$@" jqq
"$python" - "$@" <<'PYTHON'
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
