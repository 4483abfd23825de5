"""What docs/builders.md tells people to type, as far as it can be tried here."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from tests.engine.test_builders import (  # noqa: F401 - its fixtures
    docker,
    opened,
    project,
    space,
)

if TYPE_CHECKING:
    from tests.engine.test_builders import Opener
    from tests.space import Space

PAGE = (Path(__file__).parents[2] / "docs" / "builders.md").read_text()
KUBECONFIG = """\
apiVersion: v1
kind: Config
clusters: [{name: c, cluster: {server: "https://127.0.0.1:1"}}]
users: [{name: u, user: {token: t}}]
contexts: [{name: x, context: {cluster: c, user: u}}]
current-context: x
"""


def certified(folder: Path) -> None:
    """Make certificates as the page says, for localhost."""
    (script,) = re.findall(r"^```sh\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    folder.mkdir()
    words = ["sh", "-ec", script.replace("build.lan", "localhost")]
    subprocess.run(words, cwd=folder, check=True, capture_output=True)


def test_a_builder_behind_mutual_tls(
    project: Space,  # noqa: F811
    opened: Opener,  # noqa: F811
    tmp_path: Path,
) -> None:
    ours, others = tmp_path / "ours", tmp_path / "others"
    certified(ours)
    certified(others)

    def options(authority: Path, client: Path) -> str:
        own = f"cert={client}/client.pem,key={client}/client-key.pem"
        return f"cacert={authority}/ca.pem,{own}"

    files = [ours / name for name in ("ca.pem", "server.pem", "server-key.pem")]
    names = {
        "safe": options(ours, ours),
        "refused": options(ours, others),
        "distrusted": options(others, ours),
    }
    for name, own in names.items():
        opened(name, *files, options=f"{own},servername=localhost")
    project.ok("realize", "--builder", "safe")
    for name in ("refused", "distrusted"):
        done = project.run("realize", "--no-cache", "--builder", name)
        assert done.status == 4
        assert f"error[DB0515]: the builder {name} does not answer" in done.err
        assert "hint: it has to know the authority of the client's certificate" in (
            done.err
        )
    assert "x509: certificate signed by unknown authority" in done.err
    done = project.ok("realize", "--no-cache", "--builder", "refused,safe")
    assert done.err.count("warning[DB0515]: the builder refused does not answer") == 1


def test_a_builder_on_kubernetes_is_made_so(
    space: Space,  # noqa: F811
    tmp_path: Path,
) -> None:
    """There is no cluster: buildx takes the options, and no pod is started."""
    space.write("kubeconfig", KUBECONFIG)
    blocks = re.findall(r"^```console\n\$ (.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    (command,) = (block for block in blocks if "--driver kubernetes" in block)
    words = shlex.split(command.replace("\\\n", " "))
    selected = re.search(r"`(--driver-opt nodeselector=\S+)`", PAGE)
    assert selected is not None
    environment = {**space.environment, "KUBECONFIG": str(tmp_path / "kubeconfig")}
    subprocess.run(
        [*words, *shlex.split(selected[1])],
        env=environment,
        check=True,
        capture_output=True,
    )
    shown = docker(space, "buildx", "inspect", "cluster")
    assert 'requests.ephemeral-storage="50Gi"' in shown
    assert 'nodeselector="kubernetes.io/arch=arm64"' in shown
