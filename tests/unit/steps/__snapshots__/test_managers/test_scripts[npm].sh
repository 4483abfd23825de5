set -eu
export NPM_CONFIG_UPDATE_NOTIFIER=false NPM_CONFIG_FUND=false NPM_CONFIG_AUDIT=false
export NPM_CONFIG_CACHE=/root/.npm
command -v npm > /dev/null || {
  echo 'dynbuild: npm_packages need npm, and it is not there: add "npm" to' \
    'apt_packages, or take a base that has Node.js' >&2
  exit 1
}
root=$(npm root -g)
for package in @vue/cli tool; do
  [ -e "/run/base$root/$package" ] || npm uninstall -g "$package"
done
npm install -g '@scope/tool@^1.2' typescript
for package in @scope/tool typescript; do
  [ -e "$root/$package" ] || {
    echo "dynbuild: declared, but not there after its installation: $package" >&2
    exit 1
  }
done
