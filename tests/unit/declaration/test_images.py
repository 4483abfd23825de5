"""Several images of a declaration: each is whole, with what it inherits."""

import pytest

from dynbuild.declaration.images import FIELDS
from dynbuild.declaration.load import load
from dynbuild.declaration.loaded import Loaded
from dynbuild.declaration.schema import ImageFields
from dynbuild.errors import DeclarationError
from dynbuild.spans import Source

IMAGES = """\
[images.common]
base = "debian:12"
user = "app"
sudo = true
apt_packages = ["curl", "git"]
expose = [80]
env = { A = "1", B = "1" }
labels = { one = "1" }
annotations = { one = "1", two = "1" }
cmd = ["serve"]
workdir = "/app"

[images.common.stages.deps]
commands = ["make deps"]

[images.api]
extends = "common"
user = "app"
apt_packages = ["jq", "git"]
expose = [80, 81]
env = { B = "2", C = "3" }
annotations = { two = "2" }
entrypoint = ["api"]

[images.api.stages.all]
dependencies = ["*"]
commands = ["make all"]

[images.debug]
extends = "api"
cmd = ["sh"]

[images.debug.stages.more]
dependencies = ["*"]
commands = ["make more"]
"""


def loaded(text: str, syntax: str = "toml") -> dict[str, Loaded]:
    found = load(Source(f"x.{syntax}", text), "nix" if syntax == "nix" else "toml")
    return {image.name: image.whole for image in found.images}


def test_every_field_says_what_an_image_may_add_to_it() -> None:
    assert FIELDS.keys() == ImageFields.model_fields.keys()


def test_an_image_has_what_it_inherits_beside_its_own() -> None:
    whole = loaded(IMAGES)["debug"].declaration
    assert whole.base == "debian:12"
    assert whole.user is not None
    assert whole.apt_packages == ("curl", "git", "jq")
    assert whole.expose == ("80", "81")
    assert whole.env == {"A": "1", "B": "2", "C": "3"}
    assert whole.labels == {"one": "1"}
    assert whole.annotations == {"one": "1", "two": "2"}
    assert whole.workdir == "/app"
    assert [stage.name for stage in whole.stages] == ["deps", "all", "more"]


def test_an_entrypoint_leaves_no_arguments_of_another_one() -> None:
    images = loaded(IMAGES)
    assert images["common"].declaration.cmd == ("serve",)
    assert images["api"].declaration.cmd is None
    assert images["debug"].declaration.cmd == ("sh",)
    assert images["debug"].declaration.entrypoint == ("api",)


def test_places_are_those_in_the_file() -> None:
    whole = loaded(IMAGES)["debug"]
    for index, name in enumerate(["deps", "all", "more"]):
        span = whole.span("stages", index, "name")
        assert span.source.text[span.start : span.end] == name


def test_arguments_are_put_into_images_and_not_into_scripts() -> None:
    text = (
        '[args]\nversion = "1.2"\ncommit = { default = "none", late = true }\n'
        '[images.api]\nlabels = { v = "${args.version}", c = "${args.commit}" }\n'
        'cmd = "run ${args.version}"\n[images.api.stages.app]\n'
        'commands = ["echo \'${args.version}\'"]\nworkdir = "/app-${args.version}"\n'
    )
    whole = loaded(text)["api"].declaration
    assert whole.labels == {"v": "1.2", "c": "${args.commit}"}
    assert whole.cmd == "run ${args.version}"
    (stage,) = whole.stages
    assert stage.commands == ("echo '${args.version}'",)
    assert stage.workdir == "/app-1.2"


def test_a_stage_by_value_and_a_path_stand_in_an_image() -> None:
    text = """
    let deps = { name = "deps"; commands = [ "make" ]; }; in {
      images = {
        common.stages = [ deps ];
        api = {
          extends = "common";
          stages.app = {
            dependencies = [ deps ];
            copy = [
              { from = ./src; to = "/app/"; }
              { stage = deps; from = "/x"; to = "/y"; }
            ];
          };
        };
      };
    }
    """
    *_, app = loaded(text, "nix")["api"].declaration.stages
    assert app.dependencies == ("deps",)
    assert (app.copies[0].from_, app.copies[1].stage) == ("src", "deps")


def test_each_image_is_looked_at_by_its_name() -> None:
    several = load(Source("x.toml", IMAGES), "toml")
    assert [*several.each] == ["common", "api", "debug"]
    alone = load(Source("x.toml", 'base = "debian:12"'), "toml")
    assert alone.each == {"": alone}


def test_an_image_that_is_no_table_is_told_as_that_alone() -> None:
    with pytest.raises(DeclarationError) as raised:
        load(Source("x.toml", "images = { api = 1 }"), "toml")
    (told,) = raised.value.diagnostics
    assert (told.code, told.message) == (
        "DB0111",
        "expected a table for image 'api', found the number 1",
    )
