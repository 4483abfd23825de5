"""Bills of materials, by the libraries of the extra ``sbom``."""

from collections.abc import Callable

from dynbuild.commands.packages import Image
from dynbuild.errors import CommandFailed, Diagnostic
from dynbuild.sbom.model import Bill

_EXTRA = {"spdx_tools", "cyclonedx", "packageurl", "license_expression"}


def bill_of(
    image: Image, name: str, platform: str, form: str, made: int | None = None
) -> bytes:
    """Return the bill of materials of an image, of the time at which it was made.

    That is when the newest of its layers was built, if nothing else is said, in
    milliseconds since 1970.

    Raises CommandFailed without the extra, or where it is not known whole what the
    image has installed: no bill may leave out a package.
    """
    contents = image.contents()
    if contents.unknown:
        steps = ", ".join(step or "the base" for step in contents.unknown[:8])
        message = f"nobody knows what {steps} installed: no tier holds it"
        hint = "`dynbuild realize` builds what is missing"
        raise CommandFailed(Diagnostic("DB0642", message, hint=hint))
    if contents.problems:
        one = contents.problems[0]
        message = f"/{one.path} of {one.step or 'the base'}: {one.why}"
        hint = "a bill of materials would leave out what it names"
        raise CommandFailed(Diagnostic("DB0642", message, hint=hint))
    return writer(form)(
        Bill(name, platform, image.made if made is None else made, contents)
    )


def writer(form: str) -> Callable[[Bill], bytes]:
    """Return what writes bills in a format. Raises CommandFailed without the extra."""
    try:
        # The libraries take longer to import than most commands run.
        if form == "spdx":
            from dynbuild.sbom.spdx import spdx  # noqa: PLC0415

            return spdx
        from dynbuild.sbom.cyclonedx import cyclonedx  # noqa: PLC0415
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in _EXTRA:
            raise
        message = f"a bill of materials needs {error.name}, which is not installed"
        hint = "install the extra: pip install 'dynbuild[sbom]'"
        raise CommandFailed(Diagnostic("DB0643", message, hint=hint)) from None
    return cyclonedx
