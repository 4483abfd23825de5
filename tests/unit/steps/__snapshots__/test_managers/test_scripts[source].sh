set -eu
grep -q -e '-----BEGIN PGP PUBLIC KEY' /etc/apt/keyrings/packages-example-debian-ceca425b.asc || {
  echo 'dynbuild: the key keys/x.asc is not an ASCII-armoured one: name a binary one .gpg' >&2
  exit 1
}
printf '%s\n' 'Types: deb' 'URIs: https://packages.example/debian' \
  'Suites: stable beta' 'Components: main' \
  'Signed-By: /etc/apt/keyrings/packages-example-debian-ceca425b.asc' \
  > /etc/apt/sources.list.d/packages-example-debian-ceca425b.sources
