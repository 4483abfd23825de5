"""What docker buildx is called with."""

from dataclasses import replace
from pathlib import Path

import pytest

from dynbuild.building import (
    BuildRequest,
    Load,
    Nowhere,
    OciLayout,
    Output,
    Push,
)
from dynbuild.engine.buildx import Buildx, arguments
from dynbuild.errors import DeclarationError

REQUEST = BuildRequest("FROM scratch", "/context", (Load(),))


def called(request: BuildRequest, output: Output | None = None) -> list[str]:
    return arguments(request, output or Nowhere(), "/tmp/Dockerfile", "/tmp/metadata")


def test_the_least() -> None:
    assert called(REQUEST) == [
        "buildx",
        "build",
        "--file=/tmp/Dockerfile",
        "--metadata-file=/tmp/metadata",
        "--progress=rawjson",
        "--provenance=false",
        "--sbom=false",
        "--output=type=cacheonly",
        "--",
        "/context",
    ]


def test_annotations_stand_on_what_keeps_them() -> None:
    one = replace(REQUEST, annotations={"b": "x=y", "a.b": "ü"})
    kept = ["--annotation=manifest:a.b=ü", "--annotation=manifest:b=x=y"]
    for output in (Push(), OciLayout("/d")):
        assert [w for w in called(one, output) if w.startswith("--annot")] == kept
    for output in (Load(), Nowhere()):
        assert "--annotation" not in " ".join(called(one, output))
    both = replace(one, platforms=("linux/amd64", "linux/arm64"))
    assert "--annotation=index:a.b=ü" in called(both, Push())


def test_the_most() -> None:
    request = replace(
        REQUEST,
        tags=("a", "b:1"),
        platforms=("linux/amd64", "linux/arm64"),
        target="app",
        builders=("far",),
        network="host",
        no_cache=True,
        no_cache_steps=("x", "y"),
        secrets=("id=t,env=TOKEN", "id=u,src=/f"),
        ssh=("default",),
        build_contexts={"apt.1": "oci-layout:///d:t"},
    )
    assert called(request)[8:-2] == [
        "--tag=a",
        "--tag=b:1",
        "--platform=linux/amd64,linux/arm64",
        "--target=app",
        "--builder=far",
        "--network=host",
        "--allow=network.host",
        "--no-cache=true",
        "--no-cache-filter=x",
        "--no-cache-filter=y",
        "--secret=id=t,env=TOKEN",
        "--secret=id=u,src=/f",
        "--ssh=default",
        "--build-context=apt.1=oci-layout:///d:t",
    ]


@pytest.mark.parametrize(
    ("output", "text"),
    [
        (Load(), "type=docker,oci-mediatypes=true"),
        (Push(), "type=registry,oci-mediatypes=true"),
        (OciLayout("out"), "type=oci,tar=false,dest=out"),
        (OciLayout("out", "zstd"), "type=oci,tar=false,compression=zstd,dest=out"),
        (OciLayout('a,"b'), 'type=oci,tar=false,"dest=a,""b"'),
    ],
)
def test_outputs(output: Output, text: str) -> None:
    assert f"--output={text}" in called(REQUEST, output)


def test_only_the_host_s_network_needs_leave() -> None:
    given = called(replace(REQUEST, network="none"))
    assert "--network=none" in given
    assert not any(text.startswith("--allow") for text in given)


@pytest.mark.parametrize("source", ["src", "source"])
def test_a_secret_that_is_no_file_is_told_by_its_path(
    source: str, tmp_path: Path
) -> None:
    for path in (tmp_path, tmp_path / "nope"):
        request = replace(REQUEST, secrets=(f"id=token,{source}={path}",))
        with pytest.raises(DeclarationError, match=f"{path} is no file"):
            Buildx({}).build(request, print)


def test_a_secret_that_is_not_set_is_not_taken_for_empty() -> None:
    request = replace(REQUEST, secrets=("id=token,env=TOKEN",))
    with pytest.raises(DeclarationError, match="TOKEN is not set"):
        Buildx({}).build(request, print)
