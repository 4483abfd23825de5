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
if [ -n "$asked" ]; then
  loose=$($dnf -q repoquery --unneeded --qf '%{name}\n' | sort -u)
fi
$dnf -y install @core gcc-c++ git
if [ -n "$asked" ]; then
  named() {
    for spec; do
      rpm -q --qf '%{NAME}\n' "$spec" ||
        rpm -q --qf '%{NAME}\n' --whatprovides "$spec" || :
    done | grep -v ' ' || :
  }
  named gcc-c++ git > /tmp/stays
  cp -R "/run/base$(rpm -E '%{_dbpath}')" /tmp/base
  rpm --dbpath /tmp/base -qa --qf '%{NAME}\n' >> /tmp/stays
  free=$(named git-2.39 jq | sort -u | grep -vxFf /tmp/stays || :)
  [ -z "$loose" ] || $dnf -y mark $asked $loose
  [ -z "$free" ] || $dnf -y mark $needed $free
  $dnf -y autoremove
  [ -z "$loose" ] || $dnf -y mark $needed $loose
fi
for package in gcc-c++ git; do
  { rpm -q "$package" || rpm -q --whatprovides "$package"; } > /dev/null 2>&1 || {
    echo "dynbuild: declared, but not there after its installation: $package" >&2
    exit 1
  }
done
rm -rf /var/log/dnf* /var/log/yum.log /var/log/hawkey.log
