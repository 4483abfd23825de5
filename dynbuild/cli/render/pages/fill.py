"""Pages and drawings from templates, in which whatever is filled in is text.

A page is one file: style and script inline, no network requests. Its content security
policy allows only the digests of its own style and script, so that whatever a name or
a command contains, no browser runs it.
"""

import base64
import hashlib
from functools import cache
from textwrap import dedent
from typing import TYPE_CHECKING

from dynbuild.cli.markup import escaped
from dynbuild.cli.render.pages.labels import marks, moved, seconds, tone, weight
from dynbuild.digest import short
from dynbuild.tiers.kinds import KINDS

if TYPE_CHECKING:
    from jinja2 import Environment


def filled(template: str, **values: object) -> str:
    """Return a template with the values in its places."""
    return _environment().get_template(template).render(values)


@cache
def _environment() -> "Environment":
    # Slow to import, and only what draws a page needs it.
    from jinja2 import Environment, PackageLoader, StrictUndefined  # noqa: PLC0415
    from markupsafe import Markup  # noqa: PLC0415

    def inert(value: object) -> object:
        """Escape text before autoescape does, which keeps control characters."""
        if isinstance(value, Markup):
            return value
        return Markup(escaped(str(value)))  # noqa: S704 - it is escaped

    loader = PackageLoader(__package__, "templates")
    environment = Environment(
        loader=loader,
        autoescape=True,
        finalize=inert,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {
        "dedent": dedent,
        "marks": marks,
        "moved": moved,
        "seconds": seconds,
        "short": short,
        "tone": tone,
        "weight": weight,
    }
    script, _, _ = loader.get_source(environment, "page.js")
    style = environment.get_template("page.css").render(tier_kinds=KINDS)
    for name, content in (("style", style), ("script", script)):
        ours = Markup(content)  # noqa: S704 - no text of a lock
        environment.globals |= {name: ours, f"{name}_digest": _sum(content)}
    return environment


def _sum(content: str) -> str:
    digest = hashlib.sha256(content.encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"
