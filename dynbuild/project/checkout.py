"""An unfiltered copy of the project, for the plain build to compare with."""

import os
import shutil
import stat
from pathlib import Path

from dynbuild.project.content import Tree
from dynbuild.project.modes import image_mode
from dynbuild.project.names import GIT


def copy_of(files: Tree, into: str) -> str:
    """Copy a project except for what is never content; return its .dockerignore.

    Nothing is selected, and .dockerignore is left to the builder: the comparison is to
    check what dynbuild's own copying selects and leaves out. Only the umask of the
    checkout, which must not reach an image, is removed from the modes.
    """
    names: dict[tuple[int, int], str] = {}

    def copied(source: str, target: str) -> str:
        status = os.lstat(source)
        key = status.st_dev, status.st_ino
        if status.st_nlink > 1 and key in names:
            os.link(names[key], target)
            return target
        shutil.copy2(source, target, follow_symlinks=False)
        if not stat.S_ISLNK(status.st_mode):
            Path(target).chmod(image_mode(status.st_mode, private=files.is_private()))
        names[key] = target
        return target

    def never(folder: str, entries: list[str]) -> list[str]:
        at_top = Path(folder) == files.root
        return [
            name
            for name in entries
            if name == GIT
            or (at_top and name in files.own)
            or not _is_copied(Path(folder) / name)
        ]

    shutil.copytree(
        files.root,
        into,
        symlinks=True,
        ignore=never,
        copy_function=copied,
        dirs_exist_ok=True,
    )
    for folder, _, _ in os.walk(into):
        mode = Path(folder).stat().st_mode
        Path(folder).chmod(image_mode(mode, private=files.is_private()))
    return files.rules_text()


def _is_copied(path: Path) -> bool:
    mode = path.lstat().st_mode
    return stat.S_ISLNK(mode) or stat.S_ISDIR(mode) or stat.S_ISREG(mode)
