"""Bills of materials: valid by the formats' own validators, and whole."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from hypothesis import given, settings
from hypothesis import strategies as st
from spdx_tools.spdx.parser.json.json_parser import parse_from_file
from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document

from dynbuild.cli.bills import bill_of
from dynbuild.commands.packages import Image
from dynbuild.digest import sha256
from dynbuild.errors import CommandFailed
from dynbuild.explain.installed import Contents, InstalledPackage
from dynbuild.inside.model import Package, Reading, plain
from dynbuild.link.model import Layer, Record, Written
from dynbuild.link.placement import Placement, Placements
from dynbuild.plan import Build, Plan, Reuse
from dynbuild.ports import Base, Stack
from dynbuild.sbom.cyclonedx import cyclonedx
from dynbuild.sbom.model import Bill, purl
from dynbuild.sbom.spdx import spdx

if TYPE_CHECKING:
    from pathlib import Path

DEBIAN = ("debian", "12")
ON_DEBIAN = "arch=amd64&distro=debian-12"
ON_FEDORA = "arch=x86_64&distro=fedora-40"


def there(package: Package, step: str = "apt.1", path: str = "x") -> InstalledPackage:
    return InstalledPackage(package, step, path)


WHOLE = (
    there(Package("deb", "libc6", "2.36-9", "amd64", "glibc", "2.36-9"), ""),
    there(
        Package(
            *("deb", "curl", "7.88.1-10", "amd64", "curl", "7.88.1-10", "curl AND ISC"),
            ("libc6", "gone"),
        )
    ),
    there(Package("apk", "musl", "1.2.4-r2", "x86_64", licence="MIT")),
    there(Package("rpm", "bash", "2:5.2-1", "x86_64", licence="GPL-2+ AND (")),
    there(Package("pypi", "Flask", "3.0", needs=("markup-safe",)), "pip.2"),
    there(Package("pypi", "Markup_Safe", "2.1", licence="BSD-3-Clause"), "pip.2"),
    there(Package("npm", "@scope/tool", "1.0.0"), "npm.3", "a"),
    there(Package("npm", "@scope/tool", "1.0.0"), "npm.3", "b"),
)


def bill(*packages: InstalledPackage, distribution: Any = DEBIAN) -> Bill:
    found = Contents(packages, distribution)
    return Bill("app", "linux/amd64", 1_700_000_000_123, found)


def of_spdx(one: Bill, folder: Path) -> set[tuple[str, str]]:
    """The packages of a valid document, by name and version."""
    path = folder / "bill.spdx.json"
    path.write_bytes(spdx(one))
    document = parse_from_file(str(path))
    assert validate_full_spdx_document(document) == []
    return {
        (package.name, package.version)
        for package in document.packages
        if package.spdx_id != "SPDXRef-image"
    }


def of_cyclonedx(one: Bill) -> set[tuple[str, str]]:
    text = cyclonedx(one).decode()
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    listed = json.loads(text).get("components", ())
    return {(x["name"], x["version"]) for x in listed if x["type"] == "library"}


def test_every_package_and_no_other(tmp_path: Path) -> None:
    one = bill(*WHOLE)
    names = {(x.package.name, x.package.version) for x in WHOLE}
    assert of_spdx(one, tmp_path) == names == of_cyclonedx(one)


def test_an_image_with_nothing(tmp_path: Path) -> None:
    one = bill(distribution=None)
    assert of_spdx(one, tmp_path) == set() == of_cyclonedx(one)


def test_the_same_image_has_the_same_bytes() -> None:
    assert spdx(bill(*WHOLE)) == spdx(bill(*WHOLE))
    assert cyclonedx(bill(*WHOLE)) == cyclonedx(bill(*WHOLE))
    other = bill(*WHOLE[1:])
    assert bill(*WHOLE).id != other.id


def test_what_needs_what() -> None:
    told = json.loads(cyclonedx(bill(*WHOLE)))
    of = {one["bom-ref"]: one["name"] for one in told["components"]}
    needs = {
        of[one["ref"]]: [of[need] for need in one["dependsOn"]]
        for one in told["dependencies"]
        if one["ref"] in of and one.get("dependsOn")
    }
    assert needs == {"curl": ["libc6"], "Flask": ["Markup_Safe"]}


def test_a_licence_is_an_expression_or_the_text_that_it_is() -> None:
    told = json.loads(cyclonedx(bill(*WHOLE)))
    licences = {one["name"]: one.get("licenses") for one in told["components"]}
    assert licences["musl"] == [{"expression": "MIT"}]
    assert licences["bash"] == [{"license": {"name": "GPL-2+ AND ("}}]
    assert licences["libc6"] is None
    document = json.loads(spdx(bill(*WHOLE)))
    (other,) = document["hasExtractedLicensingInfos"]
    declared = {one["name"]: one.get("licenseDeclared") for one in document["packages"]}
    assert declared["bash"] == other["licenseId"]
    assert declared["curl"] == "curl AND ISC"
    assert declared["libc6"] == "NOASSERTION"


@pytest.mark.parametrize(
    ("package", "distribution", "url"),
    [
        (WHOLE[0], DEBIAN, f"deb/debian/libc6@2.36-9?{ON_DEBIAN}&upstream=glibc"),
        (WHOLE[1], None, "deb/curl@7.88.1-10?arch=amd64"),
        (WHOLE[2], ("alpine", ""), "apk/alpine/musl@1.2.4-r2?arch=x86_64"),
        (WHOLE[3], ("fedora", "40"), f"rpm/fedora/bash@5.2-1?{ON_FEDORA}&epoch=2"),
        (WHOLE[5], DEBIAN, "pypi/markup-safe@2.1"),
        (WHOLE[6], DEBIAN, "npm/%40scope/tool@1.0.0"),
        (there(Package("deb", "b", "1")), DEBIAN, "deb/debian/b@1?distro=debian-12"),
        (there(Package("npm", "@a", "1")), None, "npm/%40a@1"),
        (there(Package("npm", "@a/", "1")), None, "npm/%40a@1"),
        (there(Package("npm", "/", "1")), None, "npm/%3f@1"),
    ],
    ids=range(10),
)  # fmt: skip
def test_package_urls(
    package: InstalledPackage, distribution: tuple[str, str] | None, url: str
) -> None:
    assert purl(package.package, distribution) == f"pkg:{url}"


TEXT = st.text(max_size=12).map(plain)
NAME = TEXT.filter(bool)
ODD = st.builds(
    Package,
    st.sampled_from(["apk", "deb", "npm", "pypi", "rpm"]),
    NAME,
    NAME,
    *[TEXT] * 4,
    st.lists(NAME, max_size=2).map(tuple),
)


@settings(max_examples=15, deadline=None)
@given(st.lists(ODD, max_size=3), st.none() | st.tuples(NAME, TEXT))
def test_whatever_layers_say_the_bill_is_valid(
    tmp_path_factory: pytest.TempPathFactory,
    packages: list[Package],
    distribution: tuple[str, str] | None,
) -> None:
    one = bill(*map(there, packages), distribution=distribution)
    of_spdx(one, tmp_path_factory.mktemp("bill"))
    of_cyclonedx(one)


STEP = sha256(b"step")


def image(readings: dict[str, Reading] | None, *, built: bool = True) -> Image:
    """An image of one step on a base that says nothing."""

    def read(layers: Stack, *_: object) -> dict[str, Reading] | None:
        return readings if layers else {}

    writes = {path: Written("file") for path in readings or ()}
    layer = Layer(STEP, STEP, 1)
    record = Record(STEP, STEP, "linux/amd64", (layer,), writes, made=7_000)
    place = Placement("apt.1", STEP, STEP)
    places = Placements({STEP: place}, {"apt.1": STEP}, (STEP,))
    plan = Plan(places, {STEP: Reuse(record, 0) if built else Build()})
    return Image(
        (),
        plan,
        {None: Base((), {}, {})},
        read,
    )


def test_a_bill_is_of_what_is_known_whole() -> None:
    found = image({"x": Reading((WHOLE[2].package,))})
    told = json.loads(bill_of(found, "app", "linux/amd64", "cyclonedx"))
    assert told["metadata"]["timestamp"] == "1970-01-01T00:00:07+00:00"
    assert b"SPDX-2.3" in bill_of(found, "app", "linux/amd64", "spdx")
    for bad in (
        image(None),
        image({}, built=False),
        image({"x": Reading(problem="?")}),
    ):
        with pytest.raises(CommandFailed) as failed:
            bill_of(bad, "app", "linux/amd64", "spdx")
        assert [one.code for one in failed.value.diagnostics] == ["DB0642"]
