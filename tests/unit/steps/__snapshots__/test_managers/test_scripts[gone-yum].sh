set -eu
stale=expire-cache
if command -v dnf5 > /dev/null; then
  dnf="dnf5 --setopt=install_weak_deps=False" asked=user needed=dependency
elif command -v dnf > /dev/null; then
  dnf="dnf --setopt=install_weak_deps=False" asked=install needed=remove
elif command -v microdnf > /dev/null; then
  dnf="microdnf --setopt=install_weak_deps=0" asked= stale=all
else
  dnf=yum asked=
fi
$dnf -q clean $stale
left_out() {
  mkdir -p /var/lib/dynbuild/left-out
  printf '%s\n' "$1" > "/var/lib/dynbuild/left-out/$2"
  echo "dynbuild: left out, as it is not to be had and no longer declared: $1" >&2
}
try() { case $dnf in
    dnf*) $dnf -y install --downloadonly "$@" ;;
    *) $dnf -y install "$@" ;;
  esac > /dev/null 2>&1; }
set -- curl
if try "$@" jqq tree; then
  set -- "$@" jqq tree
else
if try "$@" jqq; then set -- "$@" jqq
else left_out jqq yum-56f2b9d77e7b
fi
if try "$@" tree; then set -- "$@" tree
else left_out tree yum-dc9c5edb8b2d
fi
fi
[ "$#" = 0 ] || $dnf -y install "$@"
$dnf -y upgrade curl
[ -e /var/lib/dynbuild/left-out/yum-dc9c5edb8b2d ] || $dnf -y upgrade tree
for package in curl; do
  { rpm -q "$package" || rpm -q --whatprovides "$package"; } > /dev/null 2>&1 || {
    echo "dynbuild: declared, but not there after its installation: $package" >&2
    exit 1
  }
done
for package in jqq; do
  [ -e /var/lib/dynbuild/left-out/yum-56f2b9d77e7b ] || { rpm -q "$package" || rpm -q --whatprovides "$package"; } > /dev/null 2>&1 || {
    echo "dynbuild: declared, but not there after its installation: $package" >&2
    exit 1
  }
done
for package in tree; do
  [ -e /var/lib/dynbuild/left-out/yum-dc9c5edb8b2d ] || { rpm -q "$package" || rpm -q --whatprovides "$package"; } > /dev/null 2>&1 || {
    echo "dynbuild: declared, but not there after its installation: $package" >&2
    exit 1
  }
done
rm -rf /var/log/dnf* /var/log/yum.log /var/log/hawkey.log
