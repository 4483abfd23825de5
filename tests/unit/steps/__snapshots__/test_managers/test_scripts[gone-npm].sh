set -eu
export NPM_CONFIG_UPDATE_NOTIFIER=false NPM_CONFIG_FUND=false NPM_CONFIG_AUDIT=false
export NPM_CONFIG_CACHE=/root/.npm
command -v npm > /dev/null || {
  echo 'dynbuild: npm_packages need npm, and it is not there: add "npm" to' \
    'apt_packages, or take a base that has Node.js' >&2
  exit 1
}
root=$(npm root -g)
left_out() {
  mkdir -p /var/lib/dynbuild/left-out
  printf '%s\n' "$1" > "/var/lib/dynbuild/left-out/$2"
  echo "dynbuild: left out, as it is not to be had and no longer declared: $1" >&2
}
try() { npm install -g --dry-run "$@" > /dev/null 2>&1; }
set -- typescript
if try "$@" jqq@9; then set -- "$@" jqq@9
else left_out jqq@9 npm-7c4b67367920
fi
[ "$#" = 0 ] || npm install -g "$@"
for package in typescript; do
  [ -e "$root/$package" ] || {
    echo "dynbuild: declared, but not there after its installation: $package" >&2
    exit 1
  }
done
for package in jqq; do
  [ -e /var/lib/dynbuild/left-out/npm-7c4b67367920 ] || [ -e "$root/$package" ] || {
    echo "dynbuild: declared, but not there after its installation: $package" >&2
    exit 1
  }
done
