"""Arguments that are known only when an image is made: in no lock, in no digest."""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace

from dynbuild.steps.image import RuntimeConfig

REFERENCE = re.compile(r"\$\{args\.([A-Za-z_][A-Za-z0-9_]*)\}")
"""How a text names an argument."""


def settled(config: RuntimeConfig, given: Mapping[str, str]) -> RuntimeConfig:
    """Return the config of an image with the late arguments put in.

    Those that are not given have their defaults.
    """

    def put_in(text: str, quoted: Callable[[str], str]) -> str:
        return REFERENCE.sub(
            lambda match: (
                quoted(given.get(match[1], config.late[match[1]]))
                if match[1] in config.late
                else match[0]
            ),
            text,
        )

    return replace(
        config,
        labels={name: put_in(text, str) for name, text in config.labels.items()},
        annotations={
            name: put_in(text, str) for name, text in config.annotations.items()
        },
        env={name: put_in(text, in_variable) for name, text in config.env.items()},
        late={},
    )


def in_variable(text: str) -> str:
    """Return a text so that the value of a variable takes it as it is."""
    return text.replace("$", "$$")
