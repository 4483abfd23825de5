"""The syntax of single values: third-party grammars, as regular expressions.

The patterns without flags are anchored and simple enough for editors, which read them
through the JSON schema.
"""

import re
from functools import lru_cache

from dynbuild import reference
from dynbuild.steps.managers import MANAGERS

STAGE_NAME = r"^(?=.{1,100}$)[A-Za-z][A-Za-z0-9]*((\.|_|__|-+)[A-Za-z0-9]+)*$"
"""A name valid for a Dockerfile stage and for a tag, starting with a letter."""

_KINDS = "|".join(("base", "image", *MANAGERS, "script", "source", "user"))
STEP_NAME = rf"^({_KINDS})\.[0-9]+(\.[0-9]+)?$"
"""A name that dynbuild gives to its own steps."""

MOUNTED = r"^[!#%&(-+.-\[\]-~-]*$"
"""A value that fits into an option of a mount."""

BOUND = r"^[!#%&(-)+\-.-Z\]^-~]*$"
"""A path that can be the source of a mount."""

PATTERN = r"[*?\[]"
"""What makes a path of the project a pattern."""

MATCHED = r"[*?]"
"""What makes a path of a stage or an image a pattern; brackets then are part of it."""

WRITTEN = r"^/[A-Za-z0-9_@%+=:,./~-]*[A-Za-z0-9_@%+=:,.~-]$"
"""The path of a file that a heredoc can write."""

FLAG = r"^[!#%&(-\[\]-~]+$"
"""A value that fits into a flag of an instruction."""

WHITEOUT = ".wh."
"""The name prefix of whiteouts, which delete files of lower layers (OCI image-spec)."""

PLATFORM = r"^linux/[a-z0-9]+(/v[0-9]+)?$"
"""What steps run on; dynbuild makes images of Linux."""

RESERVED_NAMES = ("scratch", "context")
"""Names with a different meaning in Docker."""

ENV_NAME = r"^[A-Za-z_][A-Za-z0-9_]*$"
"""A variable that every POSIX shell can export."""

SECRET_ID = r"^[A-Za-z0-9][A-Za-z0-9_.-]*$"  # noqa: S105
MODE = r"^[0-7]{3,4}$"
_CLAUSE = r"[ugoa]*[-+=][rwxXst]*"
COPY_MODE = rf"^([0-7]{{3,4}}|{_CLAUSE}(,{_CLAUSE})*)$"
"""An octal mode, or a symbolic one as in chmod(1)."""
MEMORY_SIZE = r"^[1-9][0-9]{0,11}[kmgKMG]?$"
"""An amount of memory, in bytes or their thousands of 1024."""
CPUS = r"^(?=.*[1-9])(0|[1-9][0-9]{0,3})(\.[0-9]{1,2})?$"
"""A number of processors, to a hundredth of one."""
CACHE_ID = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$"
DURATION = r"^([0-9]+(\.[0-9]+)?(ns|us|µs|ms|s|m|h))+$"
"""A Go duration, as Docker parses it: 1m30s."""

USER_NAME = r"^[a-z_][a-z0-9_-]{0,31}$"
"""A name that every distribution's useradd accepts."""

OWNER = (
    r"^([a-z_][a-z0-9_-]{0,31}|[0-9]{1,10})(:([a-z_][a-z0-9_-]{0,31}|[0-9]{1,10}))?$"
)
ABSOLUTE = r"^/"
PORTS = r"^([0-9]{1,5})(?:-([0-9]{1,5}))?(/(tcp|udp|sctp))?$"
SIGNAL = (
    r"^(SIG)?(ABRT|ALRM|CHLD|CONT|HUP|INT|KILL|PIPE|QUIT|STOP|TERM|TSTP|USR1|USR2|WINCH"
    r"|RTMIN(\+[0-9]{1,2})?|RTMAX(-[0-9]{1,2})?)$|^[0-9]{1,2}$"
)
ENDPOINT = r"^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:[0-9]{1,5})?$"
SHELLS = ("sh", "bash", "dash", "ash", "ksh", "zsh", "busybox")
"""Shells that support ``set -e``, ``export`` and POSIX quoting."""

KEY_NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"
_BASE64_OF_A_KEY = 44
PUBLIC_KEY = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}:[A-Za-z0-9+/]{43}=$"
"""A name and 32 bytes in Base64, as in Nix's trusted-public-keys."""

PREFIX = r"^(?!.*(^|/)\.{1,2}(/|$))[A-Za-z0-9!_.*'()-]+(/[A-Za-z0-9!_.*'()-]+)*$"
"""Names between slashes, of the characters that Amazon calls safe."""

REPOSITORY = rf"^(?!(?:localhost|[^/]*[.:][^/]*)$){reference.NAME}$"
"""No bare registry: in Docker's grammar ``ghcr.io`` is a repository of Docker Hub."""

REFERENCE = rf"^{reference.REFERENCE}$"
"""An image reference, by Docker's own grammar."""

WORD = r"^[A-Za-z0-9._+~/:-]+$"
"""A suite or component of an apt repository."""

SECRET_LIKE = re.compile(
    r"(?:^|_)(?:TOKEN|PASSWORD|PASSWD|PASSPHRASE|SECRET|CREDENTIALS?"
    r"|(?:API|PRIVATE|SECRET|ACCESS|SIGNING|ENCRYPTION)_?KEY)(?:_[A-Z0-9]{1,3})?$"
    r"|PASSWORD",
    re.IGNORECASE,
)
_NOT_A_SECRET = re.compile(
    r"|[$/].*|(?i:true|false|yes|no|on|off|none|null)|https?://[^@]*"
    # Placeholders that frameworks require at build time; they are no secrets.
    r"|(?i:dummy|fake|unused|placeholder|example|test|testing|dev|build|insecure"
    r"|change-?_?me|replace-?_?me|not-?_?(?:a-?_?)?secret|x+)(?:[-_ ].{0,40})?",
    re.DOTALL,
)


def matches(pattern: str, text: str) -> bool:
    """Whether a pattern matches the whole text; ``$`` alone allows a final newline."""
    return re.search(pattern, text) is not None and not text.endswith("\n")


def is_secret_key(text: str) -> bool:
    """Whether a supposed public key may be a secret key, which is longer."""
    return len(text.rpartition(":")[2]) > _BASE64_OF_A_KEY


def is_secret(name: str, value: str) -> bool:
    """Whether a variable seems to hold a secret itself, not a pointer to one."""
    return names_a_secret(name) and _NOT_A_SECRET.fullmatch(value) is None


@lru_cache(1 << 12)
def names_a_secret(name: str) -> bool:
    """Whether a variable's name is one of a secret; the same names come often."""
    if name.upper().endswith(("_FILE", "_PATH", "_URL", "_ENV", "_NAME", "_ID")):
        return False
    return SECRET_LIKE.search(name) is not None
