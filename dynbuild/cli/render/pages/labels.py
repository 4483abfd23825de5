"""Labels for the known facts about a step: size, duration, origin, moves."""

from dynbuild.cli.progress_text import price, size
from dynbuild.explain.picture import Picture, Row

UNKNOWN = "not known"


def seconds(row: Row) -> str:
    return UNKNOWN if row.seconds is None else price(row.seconds)


def weight(row: Row) -> str:
    return UNKNOWN if row.size is None else size(row.size)


def moved(row: Row) -> str:
    return (
        "never" if not row.moves else f"{row.moves} times" if row.moves > 1 else "once"
    )


def marks(row: Row) -> list[str]:
    """Return the special properties of a step."""
    return ["live"] * row.live + ["build only"] * (not row.linked)


def totals(picture: Picture) -> dict[str, str]:
    """Return the totals of a picture, as far as known."""
    facts = {"steps": str(len(picture.rows)), "platform": picture.platform}
    sizes = [row.size for row in picture.rows if row.linked and row.size is not None]
    if sizes:
        facts["on the base"] = size(sum(sizes))
    times = [row.seconds for row in picture.rows if row.seconds is not None]
    if times:
        facts["to build it all"] = price(sum(times))
    moves = sum(row.moves for row in picture.rows)
    if moves:
        facts["moves"] = str(moves)
    in_tiers = [row for row in picture.rows if row.tier is not None]
    if in_tiers:
        facts["held by a tier"] = f"{len(in_tiers)} of {len(picture.rows)}"
    return facts


def tone(row: Row) -> str:
    """Return a step's colour class: its kind, the same for all package managers."""
    if row.live:
        return "live"
    return row.kind if row.kind in {"stage", "script", "user", "source"} else "packages"
