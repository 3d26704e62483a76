from typing import Any

import jsonschema  # type: ignore[import-untyped]  # it publishes no types
import pytest

from summary_pipeline.local.openai_server.json_schemas import (
    UnsatisfiableSchemaError,
    check_strict_schema,
    minimal_instance,
)
from summary_pipeline.summarization.structured import final_schema
from summary_pipeline_tests.local.openai_server.requests import PARAMETERS


def strict_object(**properties: object) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


@pytest.mark.parametrize(
    "schema",
    [
        strict_object(text={"type": "string"}, count={"type": "integer", "minimum": 3}),
        strict_object(items={"type": "array", "items": {"type": "string", "minLength": 2}, "minItems": 2}),
        strict_object(kind={"enum": ["a", "b"]}, fixed={"const": 7}, flag={"type": "boolean"}),
        strict_object(maybe={"type": ["string", "null"]}, either={"anyOf": [{"type": "number"}, {"type": "null"}]}),
        {**strict_object(child={"$ref": "#/$defs/child"}), "$defs": {"child": strict_object(at={"type": "number"})}},
        {**strict_object(next={"anyOf": [{"$ref": "#"}, {"type": "null"}]})},
        strict_object(
            low={"type": "number", "exclusiveMinimum": 5, "multipleOf": 2}, below={"maximum": -3, "type": "integer"}
        ),
        strict_object(day={"type": "string", "format": "date"}, short={"type": "string", "maxLength": 3}),
        {"allOf": [strict_object(a={"type": "string"}), {"properties": {"b": {"type": "null"}}, "required": ["b"]}]},
    ],
)
def test_a_minimal_document_satisfies_its_schema(schema: dict[str, Any]) -> None:
    if "allOf" not in schema:
        assert check_strict_schema(schema) is None
        jsonschema.validate(minimal_instance(schema, "some text"), schema)
    else:
        assert minimal_instance(schema, "x") == {"a": "x", "b": None}


@pytest.mark.parametrize(
    "schema",
    [
        strict_object(word={"type": "string", "pattern": "^[A-Z]{3}$"}),
        strict_object(child={"$ref": "#/$defs/missing"}),
        {**strict_object(child={"$ref": "#"})},
    ],
)
def test_a_schema_without_a_known_document_is_refused(schema: dict[str, Any]) -> None:
    with pytest.raises(UnsatisfiableSchemaError):
        minimal_instance(schema)


@pytest.mark.parametrize(
    ("schema", "problem"),
    [
        ({"type": "array", "items": {}}, 'type: "object"'),
        ({"type": "object", "properties": {}, "required": []}, "additionalProperties"),
        ({**strict_object(a={}), "required": []}, "Missing 'a'"),
        (strict_object(a={"type": "object", "properties": {}}), "('properties', 'a')"),
        (strict_object(a={"type": "array"}), "missing items"),
        (strict_object(a={"allOf": []}), "'allOf' is not permitted"),
        (strict_object(a="string"), "must be an object"),
    ],
)
def test_what_strict_mode_forbids_is_named(schema: dict[str, Any], problem: str) -> None:
    assert problem in (check_strict_schema(schema) or "")


def test_nesting_beyond_ten_levels_is_refused() -> None:
    schema = strict_object(leaf={"type": "string"})
    for _ in range(10):
        schema = strict_object(child=schema)
    assert "levels" in (check_strict_schema(schema) or "")


def test_the_summarizers_own_schemas_are_strict() -> None:
    assert check_strict_schema(final_schema(PARAMETERS, (4, 6)).schema) is None
