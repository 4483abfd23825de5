"""The modes of copied files in an image, independent of the umask of a checkout.

A file is 644, or 755 if anybody may execute it; a directory is 755. Two exceptions are
kept, since no umask explains them: a path closed to others, in a project whose
declaration is open to them, keeps its bits for owner and group; and a setuid, setgid or
sticky path keeps its whole mode. The setgid bit of a directory is no exception: it is
inherited from the parent directory.
"""

import stat

USUAL = (0o644, 0o755)

_OTHERS = 0o007
_OWNER = 0o700


def gives_others(mode: int) -> bool:
    """Whether a mode gives others any permission."""
    return bool(mode & _OTHERS)


def image_mode(mode: int, *, private: bool) -> int:
    """Return the permissions in the image for a mode in the project.

    ``private``: the checkout as a whole is closed to others. The mapping is idempotent.
    """
    is_directory = stat.S_ISDIR(mode)
    # Gathering has to reach the contents of a directory.
    always = _OWNER if is_directory else 0
    if mode & (stat.S_ISVTX if is_directory else 0o7000):
        return mode & (0o1777 if is_directory else 0o7777) | always
    if not private and not gives_others(mode):
        return mode & 0o770 | always
    return 0o755 if is_directory or mode & 0o111 else 0o644


def change(mode: int, reference: int) -> str | None:
    """Describe how a mode changes in the image, if no umask explains it, else None.

    ``reference`` is the mode of the declaration, which reveals the umask.
    """
    new = image_mode(mode, private=False)
    if mode & ~new & ~reference & stat.S_IWOTH:
        return f"mode {stat.S_IMODE(mode):o} will be {new:o}"
    return None
