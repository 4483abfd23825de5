"""Translation of edge exceptions that no command handled into its final error."""

from dynbuild.errors import (
    CommandFailed,
    DeclarationError,
    Diagnostic,
    DynbuildError,
    UnreachableError,
)
from dynbuild.link.entries import MalformedLayerError
from dynbuild.ports import CommittedUnknownError, NotThereError, TierError
from dynbuild.tiers.codec import UnreadableError


def explained(error: Exception) -> DynbuildError | None:
    """Return the error for an edge's own exception; None for any other: a bug."""
    match error:
        case CommittedUnknownError():
            return DeclarationError(Diagnostic("DB0314", f"git says: {error}"))
        case TierError():
            message = f"a shared tier failed: {error.why}"
            return UnreachableError(Diagnostic("DB0605", message))
        case NotThereError():
            return CommandFailed(Diagnostic("DB0305", str(error)))
        case UnreadableError():
            message = "what a step of the store wrote cannot be read"
            hint = "`dynbuild status --verify` finds and removes what is damaged"
            return CommandFailed(Diagnostic("DB0601", message, hint=hint))
        case MalformedLayerError():
            message = f"a layer cannot be read: {error}"
            return CommandFailed(Diagnostic("DB0614", message))
        case _:
            return None
