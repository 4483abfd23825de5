"""Ownership of files and directories: what others could write is not the user's.

The same rule as git's for repositories and ssh's for keys.
"""

import grp
import os
import pwd
import stat
from collections.abc import Mapping
from pathlib import Path

_OTHERS = stat.S_IWGRP | stat.S_IWOTH


def fault(path: Path) -> str | None:
    """Return why a directory's contents may not be the user's, as a sentence's end.

    None if they are the user's, or if nothing is there yet.
    """
    try:
        found = path.stat()
    except OSError:
        return None
    if found.st_uid != os.geteuid():
        return f"belongs to {_name(found.st_uid)}"
    writable = found.st_mode & _OTHERS
    if writable == stat.S_IWGRP and _is_alone_in(found.st_gid):
        return None
    mode = stat.S_IMODE(found.st_mode)
    return f"can be written by others (its mode is {mode:o})" if writable else None


def stranger(path: Path, environment: Mapping[str, str]) -> str | None:
    """Return who else controls a file that was found: its or its folder's owner.

    None for the user, for root, and for whoever called sudo.
    """
    trusted = {os.geteuid(), 0}
    if os.geteuid() == 0:
        trusted |= {
            int(uid) for uid in [environment.get("SUDO_UID", "")] if uid.isdecimal()
        }
    owners = [path.stat().st_uid, path.lstat().st_uid, path.parent.stat().st_uid]
    return next((_name(uid) for uid in owners if uid not in trusted), None)


def _is_alone_in(group: int) -> bool:
    """Whether a group is the user's private group, as many systems create them."""
    try:
        user = pwd.getpwuid(os.geteuid())
        members = grp.getgrgid(group)
    except KeyError:
        return False
    return (group, members.gr_name) == (user.pw_gid, user.pw_name) and not (
        {*members.gr_mem} - {user.pw_name}
    )


def _name(uid: int) -> str:
    try:
        return f"the user {pwd.getpwuid(uid).pw_name}"
    except KeyError:
        return f"the user {uid}"
