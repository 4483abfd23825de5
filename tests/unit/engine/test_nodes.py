"""The nodes of a builder, as buildx writes them."""

import json
from pathlib import Path

import pytest

from dynbuild.engine.nodes import addressed, nodes_of
from dynbuild.errors import DeclarationError

NODES = [{"Name": "lan0", "Endpoint": "tcp://a:1"}, {"Name": "b", "DriverOpts": {}}]


def written(tmp_path: Path, text: str) -> dict[str, str]:
    folder = tmp_path / "buildx" / "instances"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "lan").write_text(text)
    return {"DOCKER_CONFIG": str(tmp_path)}


def test_the_nodes_of_a_builder(tmp_path: Path) -> None:
    several = {"Name": "lan", "Driver": "remote", "Nodes": NODES, "Dynamic": False}
    environment = written(tmp_path, json.dumps(several))
    assert nodes_of(environment, "lan") == ("lan/lan0", "lan/b")
    (tmp_path / "buildx" / ".buildNodeID").write_text("7")
    with addressed(environment, "lan/b") as (known, name):
        assert name == "b"
        place = Path(known["BUILDX_CONFIG"])
        alone = json.loads((place / "instances" / "b").read_text())
        assert alone == {**several, "Name": "b", "Nodes": [NODES[1]]}
        assert (place / ".buildNodeID").read_text() == "7"
    assert not place.exists()


def test_a_builder_of_one_node_is_itself(tmp_path: Path) -> None:
    environment = written(tmp_path, json.dumps({"Name": "lan", "Nodes": NODES[:1]}))
    for builder in ("lan", "default", "none"):
        assert nodes_of(environment, builder) == (builder,)
    with addressed(environment, "lan") as found:
        assert found == (environment, "lan")
    with addressed(environment, None) as found:
        assert found == (environment, None)


def test_what_is_not_known_is_one_builder(tmp_path: Path) -> None:
    for text in (
        "",
        "[]",
        "{}",
        '{"Nodes": 1}',
        '{"Nodes": null}',
        '{"Nodes": [1, 2]}',
    ):
        assert nodes_of(written(tmp_path, text), "lan") == ("lan",)


def test_a_node_that_is_not_there(tmp_path: Path) -> None:
    environment = written(tmp_path, json.dumps({"Name": "lan", "Nodes": NODES}))
    for builder in ("lan/none", "lan/", "other/lan0", "/", "../lan/lan0"):
        with pytest.raises(DeclarationError) as found, addressed(environment, builder):
            pass
        assert found.value.diagnostics[0].code == "DB0505"
