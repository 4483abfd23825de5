"""The models can be made without a file, from what Python has."""

import pytest
from pydantic import ValidationError

from dynbuild.declaration.editors import json_schema
from dynbuild.declaration.schema import Declaration, User
from dynbuild.declaration.schema_stage import Stage
from dynbuild.steps.managers import MANAGERS


def test_models_take_lists_and_short_forms() -> None:
    declaration = Declaration.model_validate(
        {
            "user": "app",
            "expose": [80],
            "stages": {
                "a": {"dependencies": ["*"], "commands": ["x"]},
                "b": {"copy": [{"from": ".", "to": "/b"}]},
            },
        }
    )
    assert declaration.user == User(name="app")
    assert declaration.expose == ("80",)
    assert [stage.name for stage in declaration.stages] == ["b", "a"]
    assert declaration.stages[0].copies[0].from_ == "."


def test_models_are_strict() -> None:
    with pytest.raises(ValidationError):
        Stage.model_validate({"name": 5})
    with pytest.raises(ValidationError):
        Declaration.model_validate({"stages": {"a": 5}, "sudo": 1})
    download = {"url": "https://example.org/x", "to": "/x", "sha256": 5}
    with pytest.raises(ValidationError):
        Stage.model_validate({"name": "a", "add": [download]})


def test_json_schema_knows_every_form() -> None:
    schema = json_schema()
    assert schema["$schema"].startswith("https://json-schema.org/")
    assert "name" in schema["$defs"]["Stage"]["required"]
    assert "name" not in schema["$defs"]["NamedStage"]["required"]
    assert {"type": "string"} in schema["properties"]["user"]["anyOf"]
    assert schema["$defs"]["Copy"]["properties"]["mode"]["pattern"]
    assert schema["additionalProperties"] is False
    assert schema["properties"]["$schema"] == {"type": "string"}


def test_every_package_manager_has_its_list() -> None:
    lists = [name for name in Declaration.model_fields if name.endswith("_packages")]
    assert lists == [manager.field for manager in MANAGERS.values()]
