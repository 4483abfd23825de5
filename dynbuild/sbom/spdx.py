"""A bill of materials as SPDX 2.3, in JSON."""

import io
from collections.abc import Iterator

from license_expression import (  # type: ignore[import-untyped]
    get_spdx_licensing,
)
from spdx_tools.spdx.model.actor import Actor, ActorType
from spdx_tools.spdx.model.document import CreationInfo, Document
from spdx_tools.spdx.model.extracted_licensing_info import ExtractedLicensingInfo
from spdx_tools.spdx.model.package import (
    ExternalPackageRef,
    ExternalPackageRefCategory,
    Package,
    PackagePurpose,
)
from spdx_tools.spdx.model.relationship import Relationship, RelationshipType
from spdx_tools.spdx.model.spdx_no_assertion import SpdxNoAssertion
from spdx_tools.spdx.writer.json.json_writer import write_document_to_stream

from dynbuild.digest import sha256
from dynbuild.explain.installed import InstalledPackage
from dynbuild.sbom.model import Bill, expression, purl, reference
from dynbuild.version import __version__

MEDIA_TYPE = "application/spdx+json"
_IMAGE = "SPDXRef-image"
_DOCUMENT = "SPDXRef-DOCUMENT"


def spdx(bill: Bill) -> bytes:
    """Return the document; the library checks it against the specification."""
    info = CreationInfo(
        spdx_version="SPDX-2.3",
        spdx_id=_DOCUMENT,
        name=bill.name,
        document_namespace=f"https://spdx.org/spdxdocs/dynbuild-{bill.id}",
        creators=[Actor(ActorType.TOOL, f"dynbuild-{__version__}")],
        created=bill.created.replace(tzinfo=None),
    )
    document = Document(
        info,
        packages=[_image(bill), *(_package(one, bill) for one in bill.packages)],
        relationships=[*_relationships(bill)],
        extracted_licensing_info=[*_other_licences(bill)],
    )
    text = io.StringIO()
    write_document_to_stream(document, text)
    return text.getvalue().encode() + b"\n"


def _image(bill: Bill) -> Package:
    return Package(
        spdx_id=_IMAGE,
        name=bill.name,
        download_location=SpdxNoAssertion(),
        files_analyzed=False,
        primary_package_purpose=PackagePurpose.CONTAINER,
        comment=f"for {bill.platform}",
    )


def _package(one: InstalledPackage, bill: Bill) -> Package:
    package = one.package
    built = " ".join(filter(None, (package.source, package.source_version)))
    told = [f"built from {built}"] if built else []
    step = one.step or "its base"
    locator = purl(package, bill.contents.distribution)
    licence = _licence(package.licence)
    return Package(
        spdx_id=_id(one),
        name=package.name,
        version=package.version,
        download_location=SpdxNoAssertion(),
        files_analyzed=False,
        license_declared=SpdxNoAssertion()
        if licence is None
        else get_spdx_licensing().parse(licence),
        source_info="; ".join([*told, f"brought by {step}", f"named by /{one.path}"]),
        external_references=[
            ExternalPackageRef(
                ExternalPackageRefCategory.PACKAGE_MANAGER, "purl", locator
            )
        ],
    )


def _relationships(bill: Bill) -> Iterator[Relationship]:
    yield Relationship(_DOCUMENT, RelationshipType.DESCRIBES, _IMAGE)
    for one, needs in bill.needs():
        yield Relationship(_IMAGE, RelationshipType.CONTAINS, _id(one))
        for need in needs:
            yield Relationship(_id(one), RelationshipType.DEPENDS_ON, _id(need))


def _other_licences(bill: Bill) -> Iterator[ExtractedLicensingInfo]:
    """Yield what packages say of their licence that is no expression of SPDX."""
    told = {one.package.licence for one in bill.packages if one.package.licence}
    for text in sorted(told):
        if expression(text) is None:
            yield ExtractedLicensingInfo(_other(text), text, text)


def _licence(text: str) -> str | None:
    return (expression(text) or _other(text)) if text else None


def _other(text: str) -> str:
    return f"LicenseRef-{sha256(text.encode()).removeprefix('sha256:')[:16]}"


def _id(one: InstalledPackage) -> str:
    return f"SPDXRef-{reference(one.package)}"
