"""Paths as text: absolute, with ``/``, independent of the host's conventions."""


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
    """Return a path resolved against a directory."""
    return normalise(path if path.startswith("/") else f"{directory}/{path}")


def parent(path: str) -> str:
    """Return the parent directory of a normalised path; the root is its own."""
    return path.rpartition("/")[0] or "/"


def base(path: str) -> str:
    """Return the last component of a normalised path."""
    return path.rpartition("/")[2]
