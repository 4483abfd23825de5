"""The options of ``dynbuild lock``, as typed values."""

from dynbuild.cli.commands.realize_settings import StepSettings
from dynbuild.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class LockSettings(StepSettings):
    """What ``lock`` is called with."""

    check: bool
    dry_run: bool
    show_order: bool
    base_revision: str | None
    upgrade_base: bool
    upgrade_packages: bool
    upgrade_package: tuple[str, ...]
    security: bool
    upgrade_add: bool
    resolve: bool
    bump: tuple[str, ...]
    move: tuple[str, ...]
    repack: bool
    merging: tuple[str, str, str] | None
    path: str
    as_json: bool

    @property
    def writes(self) -> bool:
        """Whether it asks for more than the declaration says, besides the options."""
        return self.security or self.resolve
