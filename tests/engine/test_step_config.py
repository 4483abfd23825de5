"""The config of the linked image is the one that its Dockerfile's last stage makes."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest

from tests.trees import tree_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.space import Space

BASE_TAG = f"dynbuild-test-config-base:{os.getpid()}"
BASE = """\
FROM {base}
ENV LEFT=base OTHER="two words"
LABEL base=1 both=base
EXPOSE 1/udp
VOLUME /base
STOPSIGNAL SIGINT
HEALTHCHECK --interval=1m CMD base
ENTRYPOINT ["base"]
CMD ["base"]
WORKDIR /base
ONBUILD RUN echo built > /onbuild
"""
PLAIN = '[[stages]]\nname = "a"\ncommands = ["echo > /a"]\n'
RICH = """\
user = { name = "app", uid = 1234 }
env = { TZ = "UTC", LEFT = "${LEFT:-}:own", Q = "a \\"b\\" $$c" }
workdir = "/srv/../app/x"
entrypoint = ["own", "<&>"]
expose = ["80", "90-92/udp"]
volumes = ["/data", "/more"]
stop_signal = "SIGQUIT"
labels = { both = "own", "a.b" = "ü <&>" }
shell = ["/bin/sh", "-e"]
[healthcheck]
cmd = ["check", "it"]
interval = "1m30s"
timeout = "1.5s"
start_period = "200ms"
retries = 2
[[stages]]
name = "a"
commands = ["echo > /a"]
env = { PATH = "/opt/a/bin:$PATH" }
[[stages]]
name = "b"
commands = ["mkdir -p /opt; ln -s /opt /app"]
env = { B = "x" }
"""
LINES = (
    """\
entrypoint = "exec 'own' \\"$0\\""
healthcheck = { cmd = "[ $A = \\"#\\" ] || b \\\\\\\\ <<EOF", start_interval = "2s" }
shell = ["/bin/sh", "-e"]
"""
    + PLAIN
)
NONE = 'cmd = "a && b"\nhealthcheck = false\n' + PLAIN
CMD_ONLY = 'cmd = ["sh"]\nworkdir = "/etc/x/y"\n' + PLAIN


@pytest.fixture
def bases(built: Space, busybox_base: str, docker: Callable[..., str]) -> object:
    """A plain base, and one whose config says all that a config can."""
    built.write("base/Dockerfile", BASE.format(base=busybox_base))
    docker("buildx", "build", "-q", "--load", "-t", BASE_TAG, str(built.root / "base"))
    yield busybox_base, BASE_TAG
    docker("image", "rm", BASE_TAG)


@pytest.mark.parametrize(
    ("own", "text"),
    [
        *((own, text) for own in (False, True) for text in (PLAIN, RICH)),
        *((True, text) for text in (CMD_ONLY, LINES, NONE)),
        # On a base whose config says nothing: what a declaration says stays alone.
        *(
            pytest.param(False, text, marks=pytest.mark.slow)
            for text in (CMD_ONLY, LINES, NONE)
        ),
    ],
    ids=[
        *("plain", "plain-rich", "own", "own-rich", "own-cmd", "own-lines", "own-none"),
        *("plain-cmd", "plain-lines", "plain-none"),
    ],
)
def test_config_is_that_of_a_plain_build(
    built: Space,
    bases: tuple[str, str],
    docker: Callable[..., str],
    text: str,
    own: int,
) -> None:
    built.write("dynbuild.toml", f'base = "{bases[own]}"\n{text}')
    built.ok("lock")
    tag = f"dynbuild-test-config-{os.getpid()}"
    built.ok("realize", "-t", f"{tag}:linked")
    built.ok("realize", "-t", f"{tag}:linear", "--linear")
    try:
        linked, linear = (
            facts(json.loads(docker("image", "inspect", f"{tag}:{way}"))[0])
            for way in ("linked", "linear")
        )
        for name in linked.keys() | linear.keys():
            assert linked.get(name) == linear.get(name), name
        assert tree_of(built.environment, f"{tag}:linked") == tree_of(
            built.environment, f"{tag}:linear"
        )
    finally:
        docker("image", "rm", f"{tag}:linked", f"{tag}:linear")


def facts(image: dict[str, Any]) -> dict[str, Any]:
    config = {name: value for name, value in image["Config"].items() if value}
    config["Env"] = sorted(config["Env"])
    config.pop("ArgsEscaped", None)  # says something on Windows only
    return {**config, "os": image["Os"], "on": image["Architecture"]}


@pytest.mark.parametrize("packing", ["zstd", "gzip", "uncompressed"])
@pytest.mark.parametrize("own", ["zstd", "gzip"])
def test_a_base_that_is_packed_otherwise(  # noqa: PLR0913, PLR0917
    built: Space,
    docker: Callable[..., str],
    registry: str,
    busybox_base: str,
    packing: str,
    own: str,
) -> None:
    """Layers of registries stay as they are, whatever is made on them."""
    name = f"{registry}/dynbuild-test/{packing}:latest"
    packed = f"compression={packing},force-compression=true,oci-mediatypes=true"
    built.write("base/Dockerfile", f"FROM {busybox_base}\nCOPY Dockerfile /base\n")
    output = f"--output=type=image,name={name},push=true,{packed}"
    docker("buildx", "build", "--provenance=false", output, str(built.root / "base"))
    if packing == "zstd":
        assert "tar+zstd" in docker("buildx", "imagetools", "inspect", "--raw", name)
    built.write(
        "dynbuild.toml",
        f'base = "{name}"\n[[stages]]\nname = "a"\ncommands = ["rm /base"]\n',
    )
    built.ok("lock")
    assert (
        "no paths differ"
        in built.ok("realize", "--compare-linear", DYNBUILD_COMPRESSION=own).err
    )
