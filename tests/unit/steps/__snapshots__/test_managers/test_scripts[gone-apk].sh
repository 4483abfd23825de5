set -eu
left_out() {
  mkdir -p /var/lib/dynbuild/left-out
  printf '%s\n' "$1" > "/var/lib/dynbuild/left-out/$2"
  echo "dynbuild: left out, as it is not to be had and no longer declared: $1" >&2
}
try() { apk add --no-cache -s "$@" > /dev/null 2>&1; }
set -- curl
if try "$@" jqq; then set -- "$@" jqq
else left_out jqq apk-56f2b9d77e7b
fi
[ "$#" = 0 ] || apk add --no-cache "$@"
[ -e /var/lib/dynbuild/left-out/apk-56f2b9d77e7b ] || apk add --no-cache --upgrade jqq
rm -f /var/log/apk.log
