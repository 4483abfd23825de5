"""Paths as text: absolute, with ``/``, whatever the machine's own are."""


def normalise(path: str) -> str:
    """Return the path without ``.``, ``..``, doubled and trailing slashes."""
    parts: list[str] = []
    for part in path.split("/"):
        if part == "..":
            del parts[-1:]
        elif part not in {"", "."}:
            parts.append(part)
    return "/" + "/".join(parts)


def join(directory: str, path: str) -> str:
    """Return a path as it is meant in a directory."""
    return normalise(path if path.startswith("/") else f"{directory}/{path}")


def parent(path: str) -> str:
    """Return the directory that a normalised path lies in; the root lies in itself."""
    return path.rpartition("/")[0] or "/"


def base(path: str) -> str:
    """Return the last name of a normalised path."""
    return path.rpartition("/")[2]
