"""A builder that gives other layers than it was asked for is told, not believed."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest

from dynbuild.building import BuildRequest, Built, OciLayout
from dynbuild.digest import sha256
from dynbuild.emit.manifest import documents
from dynbuild.engine.layer_builder import BuildxLayerBuilder
from dynbuild.engine.limits import Holding
from dynbuild.errors import CommandFailed
from dynbuild.link.model import Layer
from dynbuild.offers import Offer
from dynbuild.ports import Machine, StepPart, StepRequest
from dynbuild.tiers.memory import MemoryTier
from dynbuild.tiers.registry.offers import NoOffers
from tests.unit.engine.recorded import VERSIONS, recorded

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dynbuild.building import Report
    from dynbuild.engine.buildx import Buildx
    from dynbuild.offers import Offers
    from dynbuild.ports import Realized

Made = tuple[str, str]
"""A layer, by the file that it holds, and the instruction that made it."""

GIVEN = ("base", "FROM")
COPIED, RAN, MOVED = ("a", "COPY a /"), ("b", "RUN b"), ("c", "WORKDIR /c")


@dataclass(frozen=True)
class Faulty:
    """A builder that exports the layers that it likes, but for those that are there."""

    layers: tuple[Made, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    awaited: str | None = None

    def build(self, request: BuildRequest, _: Report) -> Built:
        (output,) = request.outputs
        assert isinstance(output, OciLayout)
        folder = Path(output.directory)
        for name, _ in self.layers:
            put(folder, packed(name))
        stack = [layer(name) for name, _ in self.layers]
        config, manifest = (json.loads(text) for text in documents(stack, {}))
        config["history"] = [{"created_by": made_by} for _, made_by in self.layers]
        manifest["config"]["digest"] = put(folder, json.dumps(config).encode())
        digest = put(folder, json.dumps(manifest).encode())
        index = {"manifests": [{"digest": digest}]}
        (folder / "index.json").write_text(json.dumps(index))
        return Built(None, {}, ())


def packed(name: str) -> bytes:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as archive:
        archive.addfile(tarfile.TarInfo(name))
    return gzip.compress(data.getvalue(), mtime=0)


def layer(name: str) -> Layer:
    data = packed(name)
    return Layer(sha256(gzip.decompress(data)), sha256(data), len(data))


def put(folder: Path, data: bytes) -> str:
    path = folder / "blobs" / "sha256" / sha256(data).removeprefix("sha256:")
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        path.write_bytes(data)
    return sha256(data)


def request(*parts: StepPart) -> StepRequest:
    build = BuildRequest("FROM x\n", "/", ())
    return StepRequest(build, parts, "base.0", (layer(GIVEN[0]),), ({},), {}, {})


class Offering:
    """Offers every stack, as far as the builder is concerned."""

    def __init__(self) -> None:
        self.why: list[str] = []

    @contextmanager
    def offered(self, *_: object) -> Iterator[Offer]:
        yield Offer("example.org/cache@sha256:0", {})

    def failed(self, why: str) -> None:
        self.why.append(why)


def asked(
    builder: Faulty, folder: Path, *parts: StepPart, offers: Offers | None = None
) -> tuple[Realized, ...]:
    tier = MemoryTier()
    base = folder / "base"
    base.write_bytes(packed(GIVEN[0]))
    tier.keep(layer(GIVEN[0]).digest, str(base))
    place = folder / "place"
    place.mkdir()
    made = BuildxLayerBuilder(
        cast("Buildx", builder),
        tier,
        cast("Machine", None),
        offers or NoOffers(),
        Holding(str, str, lambda _: None),
        place,
    )
    asked = request(*parts)
    if offers is not None:
        asked = replace(asked, stacks={asked.parent: asked.on})
    return made.steps(asked, lambda _: None)


BOTH = StepPart("app", (False,), runs=True)
RUNS = StepPart("app", (), runs=True)

OTHER = {
    "another stack": ([("other", "FROM"), COPIED, RAN], BOTH, "do not stand on those"),
    "a lower stack": ([], BOTH, "do not stand on those"),
    "none of the copy": ([GIVEN], BOTH, "there is none of COPY"),
    "none of the script": ([GIVEN, COPIED], BOTH, "there is none of RUN or WORKDIR"),
    "one in another order": ([GIVEN, RAN, COPIED], BOTH, "made one in place of COPY"),
    "a copy too many": ([GIVEN, COPIED, COPIED, RAN], BOTH, "in place of RUN"),
    "a script too many": ([GIVEN, RAN, RAN], RUNS, "more than the steps can have"),
}


@pytest.mark.parametrize("name", OTHER)
def test_other_layers_are_an_error(name: str, tmp_path: Path) -> None:
    layers, part, told = OTHER[name]
    with pytest.raises(CommandFailed, match=told) as error:
        asked(Faulty((*layers,)), tmp_path, part)
    (diagnostic,) = error.value.diagnostics
    assert (diagnostic.code, "--linear" in (diagnostic.hint or "")) == ("DB0617", True)


def test_what_was_asked_for_is_taken(tmp_path: Path) -> None:
    assert len(asked(Faulty((GIVEN, COPIED, MOVED, RAN)), tmp_path, BOTH)) == 1


@pytest.mark.parametrize("version", VERSIONS)
def test_layers_are_told_apart_by_a_recorded_history(
    version: str, tmp_path: Path
) -> None:
    history = json.loads("\n".join(recorded(version, "history.json")))
    (_, script, copy, run) = (
        entry["created_by"] for entry in history if not entry.get("empty_layer")
    )
    layers = [("a", script), ("b", copy), ("c", run)]
    copied = StepPart("app", (False,), runs=True)
    realized = asked(Faulty((GIVEN, *layers)), tmp_path, RUNS, copied)
    assert [len(one.layers) for one in realized] == [1, 2]


def test_what_lies_below_is_not_given_back_and_not_missed(tmp_path: Path) -> None:
    """A step that makes a layer as there is one below it has it all the same."""
    offers = Offering()
    builder = Faulty((GIVEN, (GIVEN[0], "RUN the same")))
    (made,) = asked(builder, tmp_path, RUNS, offers=offers)
    assert made.layers == (layer(GIVEN[0]),)
    assert "base" in made.writes
    assert offers.why == []


def test_other_layers_on_what_was_offered_are_tried_again(tmp_path: Path) -> None:
    offers = Offering()
    with pytest.raises(CommandFailed, match="do not stand on those"):
        asked(Faulty((COPIED, RAN)), tmp_path, RUNS, offers=offers)
    assert len(offers.why) == 1
