"""The JSON schema of a declaration, with which editors complete and check it."""

from typing import Any

from dynbuild.declaration.schema import Declaration

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def json_schema() -> dict[str, Any]:
    """Describe what may be written, in every form that ``load`` accepts."""
    schema = Declaration.model_json_schema()
    stage = schema["$defs"]["Stage"]
    named = {**stage, "title": "NamedStage"}
    named["required"] = [name for name in stage["required"] if name != "name"]
    schema["$defs"]["NamedStage"] = named
    listed, by_name = schema["properties"]["stages"]["anyOf"]
    by_name["additionalProperties"] = {"$ref": "#/$defs/NamedStage"}
    schema["properties"]["stages"]["anyOf"] = [listed, by_name]
    return {"$schema": DIALECT, **schema, "title": "dynbuild declaration"}
