"""Unknown keys, which a later revision of the same version may have written: kept."""

from dynbuild.lockfile.model import Extra, Lock
from dynbuild.lockfile.reading import script_id, source_id
from dynbuild.lockfile.renames import Names
from dynbuild.steps.fields import COLUMNS
from dynbuild.steps.model import Stage


def carry_unknown_keys(previous: Lock, lock: Lock, names: Names) -> Extra:
    """Return a lock's unknown keys for the next one, unless what they describe left.

    Those of a stage follow its renames; those of a copy or a secret stay as long as
    the stage's list of them stays the same.
    """
    now = {old: name for name, old in names.items()}
    there: dict[str, set[str]] = {
        "images": set(lock.images),
        "sources": {source_id(source) for source in lock.sources},
        "scripts": {script_id(text) for text in lock.scripts},
        "image": set() if lock.config.healthcheck is None else {"healthcheck"},
    }

    def stays(path: tuple[str, ...]) -> bool:
        match path:
            case ("stages", old, *row):
                return old in now and (
                    not row
                    or _rows(previous.stages[old].stage, row[0])
                    == _rows(lock.stages[now[old]].stage, row[0])
                )
            case (kind, key) if kind in there:
                return key in there[kind]
            case ("user",):
                return lock.user is not None
            case _:
                return True

    def named(path: tuple[str, ...]) -> tuple[str, ...]:
        return ("stages", now[path[1]], *path[2:]) if path[:1] == ("stages",) else path

    return {named(path): table for path, table in previous.extra.items() if stays(path)}


def _rows(stage: Stage, key: str) -> object:
    (name,) = (row.name for row in COLUMNS[Stage] if row.written == key)
    return getattr(stage, name)
