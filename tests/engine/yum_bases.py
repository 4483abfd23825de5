"""Debian with dnf, and with packages of rpm that we make."""

from uuid import uuid4

from tests.engine.managers import make_base

# Debian's rpm keeps its database in a home directory; elsewhere it is the system's.
BASE = r"""
FROM @base@
RUN @apt@
RUN <<'END'
set -eu
mkdir -p /etc/rpm /etc/yum.repos.d /repository /later
echo '%_dbpath /var/lib/rpm' > /etc/rpm/macros
package() {  # folder name version requires provides
  cat > /tmp/package.spec <<SPEC
Name: $2
Version: $3
Release: 1
Summary: made by a test
License: none
BuildArch: noarch
${4:+Requires: $4}
${5:+Provides: $5}
%description
%install
mkdir -p %{buildroot}/opt
echo $3 > %{buildroot}/opt/$2
%files
/opt/$2
SPEC
  rpmbuild -bb --quiet --define "_rpmdir $1" /tmp/package.spec
  rm -rf /tmp/package.spec /root/rpmbuild
}
package /repository app 1 lib
package /repository lib 1
package /repository many 1
package /repository many 2
package /repository plain 1 "" agent
package /repository own 1 own-lib
package /repository own-lib 1
package /repository loose 1
package /repository c++ 1
package /later many 3
createrepo_c -q /repository
cat > /etc/yum.repos.d/test.repo <<'REPO'
[test]
name=test
baseurl=file:///repository
gpgcheck=0
REPO
dnf="dnf -y"
if command -v dnf5 > /dev/null; then dnf="dnf5 -y"; fi
$dnf install own loose
@mark@
rm -rf /var/cache/dnf /var/cache/libdnf5 /var/log/dnf* /var/log/hawkey.log
END
"""


def dnf4_base(engine: dict[str, str], debian_base: str) -> str:
    apt = (
        "apt-get update && apt-get install -y --no-install-recommends "
        "dnf rpm createrepo-c && rm -rf /var/lib/apt/lists/*"
    )
    return yum_base(engine, apt, "dnf -y mark remove loose", debian_base)


def yum_base(engine: dict[str, str], apt: str, mark: str, debian_base: str) -> str:
    text = BASE.replace("@base@", debian_base).replace("@apt@", apt)
    text = text.replace("@mark@", mark)
    return make_base(engine, text, f"managers-yum-{uuid4().hex[:12]}")
