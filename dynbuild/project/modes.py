"""The modes that copied files have in an image, whatever the umask of a checkout.

A file is 644, or 755 where somebody may execute it; a directory is 755. Two things are
kept, since no umask explains them: what gives others nothing, in a project whose
declaration gives them something, keeps its bits for owner and group; and what is
setuid, setgid or sticky keeps its whole mode. The setgid bit of a directory is none of
these: it comes from the directory above.
"""

import stat

USUAL = (0o644, 0o755)

_OTHERS = 0o007
_OWNER = 0o700


def gives_others(mode: int) -> bool:
    """Whether others may do anything with it."""
    return bool(mode & _OTHERS)


def image_mode(mode: int, *, private: bool) -> int:
    """The permissions in the image of what has a mode in the project.

    ``private``: the checkout as a whole is closed to others. It changes no mode that
    it gave.
    """
    is_directory = stat.S_ISDIR(mode)
    # Whoever gathers has to reach what is in a directory.
    always = _OWNER if is_directory else 0
    if mode & (stat.S_ISVTX if is_directory else 0o7000):
        return mode & (0o1777 if is_directory else 0o7777) | always
    if not private and not gives_others(mode):
        return mode & 0o770 | always
    return 0o755 if is_directory or mode & 0o111 else 0o644


def change(mode: int, reference: int) -> str | None:
    """How a mode changes on the way into an image, where no umask explains it.

    ``reference`` is the mode of the declaration, which tells the umask.
    """
    new = image_mode(mode, private=False)
    if mode & ~new & ~reference & stat.S_IWOTH:
        return f"mode {stat.S_IMODE(mode):o} will be {new:o}"
    return None
