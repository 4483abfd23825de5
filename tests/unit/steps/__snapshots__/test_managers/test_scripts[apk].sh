set -eu
apk add --no-cache g++ 'git~2.45' nginx@edge
for package in jq; do
  own=$(awk -F '[<>=~@]' -v name="$package" '$1 == name' /run/base/etc/apk/world)
  if [ -n "$own" ]; then apk add --no-cache "$own"
  elif sed 's/[<>=~@].*//' /etc/apk/world | grep -qxF "$package"; then apk del --no-cache "$package"
  fi
done
rm -f /var/log/apk.log
