"""What single values may look like: the grammars of others, as regular expressions.

Anchored patterns of plain syntax, which editors read as well (JSON schema).
"""

STAGE_NAME = r"^(?=.{1,100}$)[A-Za-z][A-Za-z0-9]*((\.|_|__|-+)[A-Za-z0-9]+)*$"
"""A name of a Dockerfile's stage, and of a tag, that starts with a letter."""

ENV_NAME = r"^[A-Za-z_][A-Za-z0-9_]*$"
"""A variable that every POSIX shell can export."""

SECRET_ID = r"^[A-Za-z0-9][A-Za-z0-9_.-]*$"  # noqa: S105
MODE = r"^[0-7]{3,4}$"
DURATION = r"^([0-9]+(\.[0-9]+)?(ns|us|µs|ms|s|m|h))+$"
"""A duration of Go, as Docker reads it: 1m30s."""
