"""JSON schemas: the subset that strict structured outputs take, and the smallest document that satisfies one.

Belongs here: pure functions of a schema. Does not belong here: what a summary is made of (``answers``).
The rules are those of OpenAI's guide to structured outputs
(https://platform.openai.com/docs/guides/structured-outputs#supported-schemas).
"""

from collections.abc import Iterator, Mapping
from typing import Any, cast

from pydantic import JsonValue

_UNSUPPORTED = frozenset(
    [
        *("allOf", "oneOf", "not", "if", "then", "else", "dependentRequired", "dependentSchemas"),
        *("patternProperties", "propertyNames", "unevaluatedProperties", "minProperties", "maxProperties"),
        *("unevaluatedItems", "contains", "minContains", "maxContains", "uniqueItems"),
    ]
)
_MOST_LEVELS = 10
_FORMATTED = {
    "date-time": "1970-01-01T00:00:00Z",
    "date": "1970-01-01",
    "time": "00:00:00Z",
    "duration": "PT0S",
    "email": "nobody@example.com",
    "hostname": "example.com",
    "ipv4": "127.0.0.1",
    "ipv6": "::1",
    "uuid": "00000000-0000-0000-0000-000000000000",
    "uri": "https://example.com/",
}

Schema = Mapping[str, Any]


class UnsatisfiableSchemaError(ValueError):
    """No document could be made for a schema."""


def check_strict_schema(schema: Schema) -> str | None:
    """Return what keeps ``schema`` from being taken as a strict one, or None."""
    if schema.get("type") != "object":
        return "schema must be a JSON Schema of 'type: \"object\"'."
    return next(_problems(schema, (), 1), None)


def _problems(schema: object, path: tuple[str, ...], level: int) -> Iterator[str]:
    where = f"In context={path}, "
    if not isinstance(schema, Mapping):
        yield f"{where}schema must be an object."
        return
    if level > _MOST_LEVELS:
        yield f"{where}schema nests more than {_MOST_LEVELS} levels deep."
        return
    unsupported = sorted(_UNSUPPORTED & schema.keys())
    if unsupported:
        yield f"{where}'{unsupported[0]}' is not permitted."
    if schema.get("type") == "object" or "properties" in schema:
        yield from _object_problems(schema, where)
    if schema.get("type") == "array" and "items" not in schema:
        yield f"{where}array schema missing items."
    for step, child, below in _children(schema):
        yield from _problems(child, (*path, *step), level + below)


def _children(schema: Schema) -> Iterator[tuple[tuple[str, ...], object, int]]:
    """Yield the schemas within ``schema``: the way to each, the schema, and the levels that it lies deeper."""
    for keyword, below in (("properties", 1), ("$defs", 0), ("definitions", 0)):
        for name, child in schema.get(keyword, {}).items():
            yield (keyword, name), child, below
    for index, child in enumerate(schema.get("anyOf", ())):
        yield ("anyOf", str(index)), child, 0
    if "items" in schema:
        yield ("items",), schema["items"], 1


def _object_problems(schema: Schema, where: str) -> Iterator[str]:
    if schema.get("additionalProperties") is not False:
        yield f"{where}'additionalProperties' is required to be supplied and to be false."
    missing = sorted(schema.get("properties", {}).keys() - set(schema.get("required", ())))
    if missing:
        yield f"{where}'required' has to name every key in properties. Missing '{missing[0]}'."


def minimal_instance(schema: Schema, text: str = "") -> JsonValue:
    """Return a small document that satisfies ``schema``; ``text`` is used for strings that may hold anything.

    Raises:
        UnsatisfiableSchemaError: the schema recurs without an end, refers to nothing, or asks for a pattern.
    """
    return _Instance(schema, text).of(schema, 0)


class _Instance:
    def __init__(self, root: Schema, text: str) -> None:
        self._root = root
        self._text = text

    def of(self, schema: Schema, depth: int) -> JsonValue:
        if depth > 64:
            raise UnsatisfiableSchemaError("the schema refers to itself without an end")
        for keyword in ("const", "default"):
            if keyword in schema:
                return cast("JsonValue", schema[keyword])
        if "enum" in schema:
            return cast("JsonValue", schema["enum"][0])
        if "$ref" in schema:
            return self.of(self._resolve(schema["$ref"]), depth + 1)
        for keyword in ("anyOf", "oneOf"):
            if keyword in schema:
                return self._first_possible(schema[keyword], depth)
        if "allOf" in schema:
            return self.of(_merged(schema["allOf"]), depth + 1)
        return self._of_type(schema, depth)

    def _of_type(self, schema: Schema, depth: int) -> JsonValue:
        kind = schema.get("type", "object" if "properties" in schema else "string")
        if isinstance(kind, list):
            kind = "null" if "null" in kind else kind[0]
        match kind:
            case "object":
                properties = schema.get("properties", {})
                return {name: self.of(properties.get(name, {}), depth + 1) for name in schema.get("required", ())}
            case "array":
                return [self.of(schema.get("items", {}), depth + 1) for _ in range(schema.get("minItems", 0))]
            case "integer" | "number":
                return _number(schema, whole=kind == "integer")
            case "boolean":
                return False
            case "null":
                return None
            case _:
                return self._string(schema)

    def _string(self, schema: Schema) -> str:
        if "pattern" in schema:
            raise UnsatisfiableSchemaError(f"no string is known for the pattern {schema['pattern']!r}")
        if "format" in schema:
            return _FORMATTED.get(schema["format"], self._text)
        return self._text[: schema.get("maxLength")].ljust(schema.get("minLength", 0), ".")

    def _first_possible(self, choices: list[Schema], depth: int) -> JsonValue:
        plain = [choice for choice in choices if "$ref" not in choice]
        for choice in [*plain, *(choice for choice in choices if "$ref" in choice)]:
            try:
                return self.of(choice, depth + 1)
            except UnsatisfiableSchemaError:
                continue
        raise UnsatisfiableSchemaError("none of the alternatives can be satisfied")

    def _resolve(self, reference: str) -> Schema:
        node: Any = self._root
        for part in reference.removeprefix("#").strip("/").split("/") if reference != "#" else ():
            node = node.get(part.replace("~1", "/").replace("~0", "~")) if isinstance(node, Mapping) else None
        if not isinstance(node, Mapping):
            raise UnsatisfiableSchemaError(f"{reference!r} refers to nothing in the schema")
        return node


def _merged(schemas: list[Schema]) -> dict[str, Any]:
    merged: dict[str, Any] = {}
    for schema in schemas:
        properties = {**merged.get("properties", {}), **schema.get("properties", {})}
        required = [*merged.get("required", ()), *schema.get("required", ())]
        merged = {**merged, **schema, "properties": properties, "required": required}
    return merged


def _number(schema: Schema, *, whole: bool) -> float | int:
    step = schema.get("multipleOf", 1)
    lowest = schema.get("minimum", schema.get("exclusiveMinimum"))
    highest = schema.get("maximum", schema.get("exclusiveMaximum"))
    value: float = 0
    if lowest is not None and lowest > 0:
        value = -(-lowest // step) * step
    elif highest is not None and highest < 0:
        value = highest // step * step
    if value == schema.get("exclusiveMinimum"):
        value += step
    if value == schema.get("exclusiveMaximum"):
        value -= step
    return int(value) if whole else value
