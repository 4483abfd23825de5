"""A bill of materials as CycloneDX 1.6, in JSON."""

from collections.abc import Iterator

from cyclonedx.model import Property
from cyclonedx.model.bom import Bom, BomMetaData
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.license import DisjunctiveLicense, License, LicenseExpression
from cyclonedx.model.tool import ToolRepository
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

from dynbuild.explain.installed import InstalledPackage
from dynbuild.sbom.model import Bill, expression, purl, reference
from dynbuild.version import __version__

MEDIA_TYPE = "application/vnd.cyclonedx+json"


def cyclonedx(bill: Bill) -> bytes:
    """Return the document."""
    image = Component(
        name=bill.name,
        type=ComponentType.CONTAINER,
        bom_ref="image",
        properties=[Property(name="dynbuild:platform", value=bill.platform)],
    )
    tool = Component(
        name="dynbuild", version=__version__, type=ComponentType.APPLICATION
    )
    tools = ToolRepository(components=[tool])
    components = {
        reference(one.package): _component(one, bill) for one in bill.packages
    }
    every = [*components.values(), *_distribution(bill)]
    bom = Bom(
        components=every,
        serial_number=bill.id,
        metadata=BomMetaData(
            timestamp=bill.created,
            component=image,
            tools=tools,
        ),
    )
    bom.register_dependency(image, every)
    for one, needs in bill.needs():
        bom.register_dependency(
            components[reference(one.package)],
            [components[reference(need.package)] for need in needs],
        )
    return JsonV1Dot6(bom).output_as_string(indent=2).encode() + b"\n"


def _component(one: InstalledPackage, bill: Bill) -> Component:
    package = one.package
    told = {
        "dynbuild:step": one.step or "(base)",
        "dynbuild:path": f"/{one.path}",
        "dynbuild:source": package.source,
        "dynbuild:sourceVersion": package.source_version,
    }
    return Component(
        name=package.name,
        version=package.version,
        type=ComponentType.LIBRARY,
        bom_ref=reference(package),
        purl=PackageURL.from_string(purl(package, bill.contents.distribution)),
        licenses=[*_licences(package.licence)],
        properties=[
            Property(name=name, value=text) for name, text in told.items() if text
        ],
    )


def _licences(text: str) -> Iterator[License]:
    if (told := expression(text)) is not None:
        yield LicenseExpression(told)
    elif text:
        yield DisjunctiveLicense(name=text)


def _distribution(bill: Bill) -> Iterator[Component]:
    if bill.contents.distribution is not None:
        name, version = bill.contents.distribution
        yield Component(
            name=name,
            version=version or None,
            type=ComponentType.OPERATING_SYSTEM,
            bom_ref="distribution",
        )
