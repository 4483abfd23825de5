"""The JSON schema of a declaration, for completion and checks in editors."""

from typing import Any

from dynbuild.declaration.schema import Declaration

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def json_schema() -> dict[str, Any]:
    """Return the schema of all forms that ``load`` accepts."""
    schema = Declaration.model_json_schema()
    stage = schema["$defs"]["Stage"]
    named = {**stage, "title": "NamedStage"}
    named["required"] = [name for name in stage["required"] if name != "name"]
    schema["$defs"]["NamedStage"] = named
    for image in (schema, schema["$defs"]["NamedImage"]):
        _, by_name = image["properties"]["stages"]["anyOf"]
        by_name["additionalProperties"] = {"$ref": "#/$defs/NamedStage"}
    # What names this schema in a declaration in JSON.
    schema["properties"]["$schema"] = {"type": "string"}
    return {"$schema": DIALECT, **schema, "title": "dynbuild declaration"}
