set -eu
printf '%s\n' 'Types: deb' 'URIs: https://packages.example/flat' 'Suites: ./' \
  > /etc/apt/sources.list.d/packages-example-flat-6c58da37.sources
