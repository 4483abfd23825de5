set -eu
if ! id -u app > /dev/null 2>&1; then
  other=$(sed -n 's/^\([^:]*\):[^:]*:1000:.*/\1/p' /etc/passwd)
  [ -z "$other" ] || {
    where='in the base'
    grep -qs "^$other:" /run/base/etc/passwd ||
      where='by what a package, a script or a stage did,'
    echo 'dynbuild: declare user = { name = "app", uid = N }:' \
      "$where $other has uid 1000" >&2
    exit 1
  }
  has_group() { grep -q '^app:' /etc/group; }
  if command -v useradd > /dev/null; then
    has_group || groupadd --gid 1000 app
    useradd --uid 1000 --gid app --no-log-init --create-home \
      --shell /bin/sh app
  else
    home=/home/app
    has_group || echo app:x:1000: >> /etc/group
    gid=$(sed -n 's/^app:[^:]*:\([0-9]*\):.*/\1/p' /etc/group)
    printf '%s:x:%s:%s::%s:%s\n' app 1000 "$gid" $home /bin/sh \
      >> /etc/passwd
    [ ! -e /etc/shadow ] ||
      echo 'app:!::0:99999:7:::' >> /etc/shadow
    mkdir -p $home
    chown 1000:$gid $home
  fi
fi
[ "$(id -u app)" = 1000 ] || {
  where='in the base'
  grep -qs '^app:' /run/base/etc/passwd ||
    where='by what a package, a script or a stage did,'
  echo 'dynbuild: declare user = { name = "app", uid = N }:' \
    "$where N is $(id -u app)" >&2
  exit 1
}
command -v sudo > /dev/null || {
  if command -v apt-get > /dev/null; then
    export DEBIAN_FRONTEND=noninteractive
    apt() {
      apt-get -y -q -o Dir::State::Lists=/tmp/lists -o Dir::Cache=/tmp/cache \
        -o APT::Install-Recommends=false -o APT::Update::Error-Mode=any "$@"
    }
    mkdir -p /tmp/lists/partial /tmp/cache/archives/partial
    apt update
    apt install sudo
    rm -rf /var/log/apt/* /var/log/dpkg.log /var/log/alternatives.log
    rm -f /var/lib/dpkg/*-old /var/cache/debconf/*-old /var/cache/ldconfig/aux-cache
  elif command -v dnf > /dev/null; then
    dnf -y --setopt=install_weak_deps=False --setopt=cachedir=/tmp/dnf install sudo
    rm -rf /var/log/dnf* /var/log/hawkey.log
  elif command -v microdnf > /dev/null; then
    microdnf -y --setopt=install_weak_deps=0 install sudo
    microdnf clean all
  elif command -v yum > /dev/null; then
    yum -y install sudo
    yum clean all
    rm -rf /var/cache/yum /var/log/yum.log
  elif command -v apk > /dev/null; then apk add --no-cache sudo
  else
    echo 'dynbuild: sudo = true needs sudo, and the base has no apt, dnf or apk' >&2
    exit 1
  fi
}
echo 'app ALL=(ALL:ALL) NOPASSWD: ALL' > /etc/sudoers.d/app
chmod 0440 /etc/sudoers.d/app
