"""The user's own configuration: where this machine builds, whatever the project is."""

from collections.abc import Mapping
from pathlib import Path

from dynbuild.declaration.syntax.tree import Leaf, List, Node, Table, child
from dynbuild.errors import DeclarationError, Diagnostic, did_you_mean, respellings
from dynbuild.spans import Source, Span

_CODE = "DB0348"
_TABLE, _BUILDERS = "build", "builders"
_EXAMPLE = f'[{_TABLE}]\n{_BUILDERS} = ["lan", "attic"]'


def path_in(environment: Mapping[str, str]) -> Path | None:
    """Return the path of the configuration, in $XDG_CONFIG_HOME, else in ~/.config."""
    home = environment.get("XDG_CONFIG_HOME", "")
    if not home.startswith("/"):
        # The standard says of a relative path: to be ignored.
        if not (own := environment.get("HOME")):
            return None
        home = f"{own}/.config"
    return Path(home) / "dynbuild" / "config.toml"


def usual_builder(environment: Mapping[str, str]) -> str | None:
    """Return the first builder that a variable or the configuration names, if any.

    Where a variable of buildx names one, buildx knows it. Raises DeclarationError.
    """
    named = environment.get("DYNBUILD_BUILDER", "").replace(",", " ").split()
    if not named and not environment.get("BUILDX_BUILDER"):
        named = [*builders_in(environment)]
    # A node of a builder has its name behind that.
    return named[0].partition("/")[0] if named else None


def builders_in(environment: Mapping[str, str]) -> tuple[str, ...]:
    """Return the builders that the user's configuration names; none without one.

    Raises DeclarationError, with the place, for what it may not hold.
    """
    path = path_in(environment)
    if path is None or not path.exists():
        return ()
    try:
        text = path.read_bytes().decode()
    except (OSError, UnicodeDecodeError) as error:
        why = (getattr(error, "strerror", None) or "").lower() or "it is no UTF-8"
        message = f"the configuration {path} cannot be read: {why}"
        hint = "correct it, or remove it"
        raise DeclarationError(Diagnostic(_CODE, message, hint=hint)) from None
    # Most have no such file, and no parser is imported for them.
    from dynbuild.declaration.syntax.toml import read  # noqa: PLC0415

    table = _field(read(Source(str(path), text)), _TABLE)
    named = table and _field(table, _BUILDERS)
    return () if named is None else tuple(_names(named))


def _field(node: Node, name: str) -> Node | None:
    """Return the one field that a table may have, if it has it."""
    if not isinstance(node, Table):
        raise _wrong(f"expected a table with {name}", node.span)
    for other, entry in node.entries.items():
        if other != name:
            raise _unknown(other, name, entry.key)
    return child(node, name)


def _names(node: Node) -> list[str]:
    if not isinstance(node, List) or not node.items:
        raise _wrong("expected a list of builders, one at least", node.span)
    names: list[str] = []
    for one in node.items:
        name = one.value if isinstance(one, Leaf) else None
        if not isinstance(name, str) or not name.strip() or "," in name:
            raise _wrong("expected the name of a builder of buildx", one.span)
        if name in names:
            raise _wrong(f"{name} is named twice", one.span)
        names.append(name)
    return names


def _wrong(message: str, span: Span) -> DeclarationError:
    return DeclarationError(
        Diagnostic(_CODE, message, span, f"write it as:\n{_EXAMPLE}")
    )


def _unknown(other: str, name: str, span: Span) -> DeclarationError:
    hint = did_you_mean(other, [name])
    mends = respellings(span, other, [name]) if hint else ()
    message = f"{other!r} is unknown in the user's configuration"
    hint = hint or f"known here: {name}"
    return DeclarationError(Diagnostic(_CODE, message, span, hint, mends=mends))
