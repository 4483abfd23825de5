"""What documents of repositories of rpm say."""

from itertools import pairwise

import pytest

from dynbuild.digest import Digest
from dynbuild.explain import repodata
from dynbuild.explain.archives import Fix, is_newer
from dynbuild.explain.repodata import (
    Document,
    Mirrors,
    documents_of,
    filled,
    fixes_of,
    mirrors_of,
    packages_of,
    variables_of,
)
from dynbuild.inside.model import Package

A = "a" * 64
B = "b" * 64


def rpm(name: str, architecture: str) -> Package:
    return Package("rpm", name, "1-1", architecture)


def test_variables_go_by_the_architecture_of_most_packages() -> None:
    there = [rpm("a", "x86_64"), rpm("b", "x86_64"), rpm("c", "i686")]
    more = [rpm(name, "noarch") for name in "defg"] + [Package("deb", "x", "1", "all")]
    own = {"arch": "x86_64", "basearch": "x86_64", "releasever": "9"}
    assert variables_of(there + more, {"releasever": "9"}) == own
    assert variables_of([rpm("c", "i686")], {}) == {"arch": "i686", "basearch": "i386"}
    arm = {"arch": "armv7hl", "basearch": "armhfp"}
    assert variables_of([rpm("c", "armv7hl")], {}) == arm
    assert variables_of(more, {"basearch": "x"}) == {"basearch": "x"}


def test_variables_of_an_address() -> None:
    known = {"releasever": "9", "basearch": "x86_64", "odd": "../..", "at": "a@b"}
    assert filled("http://a/$releasever/${basearch}/", known) == "http://a/9/x86_64/"
    for name in ("no", "odd", "at"):
        with pytest.raises(ValueError, match=rf"^nobody knows what \${name} in its"):
            filled(f"http://a/${name}/x", known)


METALINK = f"""<?xml version="1.0"?>
<metalink xmlns="http://www.metalinker.org/" xmlns:mm0="http://fedorahosted.org/mm">
 <files>
  <file name="other"><resources><url>http://no/repodata/repomd.xml</url></resources></file>
  <file name="repomd.xml">
   <mm0:timestamp>1</mm0:timestamp>
   <verification>
    <hash type="md5">1</hash><hash type="sha256">{A}</hash>
   </verification>
   <mm0:alternates><mm0:alternate><verification>
    <hash type="sha256">{B}</hash></verification></mm0:alternate></mm0:alternates>
   <resources>
    <url protocol="rsync">rsync://far/repodata/repomd.xml</url>
    <url preference="9">http://far/f/repodata/repomd.xml</url>
    <url preference="x">http://odd/repodata/repomd.xml</url>
    <url preference="100">https://near/repodata/repomd.xml</url>
    <url preference="100">https://near/elsewhere</url>
   </resources>
  </file>
 </files>
</metalink>""".encode()


def test_mirrors() -> None:
    lines = b"# mirrors\nhttp://a/os\n\n ftp://no/\nhttps://b/os/\n"
    assert mirrors_of(lines) == Mirrors(("http://a/os", "https://b/os/"))
    assert mirrors_of(METALINK) == Mirrors(
        ("https://near/", "http://far/f/", "http://odd/"),
        frozenset({Digest(f"sha256:{A}"), Digest(f"sha256:{B}")}),
    )
    assert mirrors_of(b"<metalink/>") == Mirrors(())


REPOMD = f"""<repomd xmlns:rpm="x">
 <data type="primary">
  <checksum type="sha256">{A}</checksum>
  <open-checksum type="sha256">{B}</open-checksum>
  <location href="repodata/primary.xml.zst"/>
 </data>
 <data type="updateinfo">
  <checksum type="sha256">{B}</checksum><location href="repodata/../x.xml"/>
 </data>
 <data type="other"><checksum type="sha">1</checksum>
  <location href="repodata/other.xml"/></data>
 <data type="away"><checksum type="sha256">{A}</checksum>
  <location href="http://elsewhere/repodata/x.xml"/></data>
</repomd>""".encode()


def test_documents() -> None:
    digest = Digest(f"sha256:{A}")
    assert documents_of(REPOMD) == {
        "primary": Document("repodata/primary.xml.zst", digest)
    }


def package(name: str, architecture: str, **version: str) -> str:
    facts = " ".join(f'{key}="{text}"' for key, text in version.items())
    return f"""<package type="rpm"><name>{name}</name><arch>{architecture}</arch>
<version {facts}/><location href="{name}.rpm"/><format><rpm:license>GPL</rpm:license>
<rpm:provides><rpm:entry name="x" ver="9"/></rpm:provides></format></package>"""


def primary(*packages: str) -> bytes:
    return f"<metadata xmlns:rpm='x'>{''.join(packages)}</metadata>".encode()


def test_packages() -> None:
    """Of each the newest; what makes no sense is none."""
    found = packages_of(
        primary(
            package("a", "x86_64", epoch="0", ver="1.10", rel="1"),
            package("a", "x86_64", epoch="0", ver="1.9", rel="1"),
            package("a", "x86_64", epoch="1", ver="1.0~rc1", rel="1"),
            package("a", "i686", epoch="0", ver="2", rel="1"),
            package("data", "noarch", ver="2", rel="1"),
            package("of-module", "x86_64", ver="2", rel="1.module_el8+1"),
            package("odd", "x86_64", ver="2 3", rel="1"),
            package("", "x86_64", ver="2", rel="1"),
            "<package/>",
        )
    )
    assert found == {
        "x86_64": {"a": "1:1.0~rc1-1"},
        "i686": {"a": "2-1"},
        "noarch": {"data": "2-1"},
    }


UPDATES = b"""<updates>
<update type="bugfix"><id>A-0</id>
 <pkglist><collection><package name="a" version="1" release="1" arch="noarch"/>
 </collection></pkglist></update>
<update type="security" status="final"><id>A-1</id><title>of a</title>
 <references>
  <reference type="cve" id="CVE-2"/><reference type="bugzilla" id="7"/>
  <reference type="cve" id="CVE-1"/><reference type="cve"/>
 </references>
 <pkglist><collection><name>x</name>
  <package name="a" epoch="0" version="1" release="2" arch="x86_64" src="a.src.rpm">
   <filename>a-1-2.x86_64.rpm</filename></package>
  <package name="a" epoch="0" version="1" release="2.module+1" arch="x86_64"/>
  <package name="a" version="" release="" arch="x86_64"/>
  <package name="b" epoch="2" version="1" release="2" arch="noarch"/>
 </collection></pkglist></update>
<update type="security"><id>A-2</id><pkglist><collection>
  <package name="a" version="1" release="3" arch="x86_64"/></collection></pkglist>
</update></updates>"""


def test_fixes() -> None:
    first = ("A-1", "CVE-1", "CVE-2")
    assert fixes_of(UPDATES) == {
        "x86_64": {"a": (Fix("1-2", first), Fix("1-3", ("A-2",)))},
        "noarch": {"b": (Fix("2:1-2", first),)},
    }


def test_documents_of_strangers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Entities that grow, what is none, and more than is kept."""
    bomb = b'<!DOCTYPE x [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]><package>&b;</package>'
    with pytest.raises(ValueError, match="it has a document type"):
        packages_of(bomb)
    with pytest.raises(ValueError, match="unclosed token"):
        packages_of(b"<package")
    with pytest.raises(ValueError, match="unknown encoding"):
        packages_of(b"<?xml version='1.0' encoding='none-of-these'?><package/>")
    with pytest.raises(ValueError, match="no element found"):
        packages_of(b"")
    monkeypatch.setattr(repodata, "_MOST", 2)
    with pytest.raises(ValueError, match="it has over 2 elements"):
        packages_of(b"<x><package/><package/><package/></x>")


def test_versions_compare_as_rpm_compares_them() -> None:
    rising = ["1.0~rc1-1", "1.0-1", "1.0^git1-1", "1.0.1-1", "1.9-1", "1.10-1", "1:0-1"]
    for older, newer in pairwise(rising):
        assert is_newer(newer, older, "rpm")
        assert not is_newer(older, newer, "rpm")
