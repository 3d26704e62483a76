"""Making values fit for PostgreSQL.

Belongs here: what PostgreSQL or JSON refuses and a model's or transcriber's output may hold.
Does not belong here: limits of the domain.
"""

import math
from collections.abc import Mapping, Sequence
from typing import TypeAlias

JsonValue: TypeAlias = str | int | float | bool | list["JsonValue"] | dict[str, "JsonValue"] | None

_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


def storable_text(text: str) -> str:
    """Return ``text`` with a replacement character for each NUL and lone surrogate: neither can be stored."""
    return text.replace("\x00", _REPLACEMENT).encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def storable_json(value: object) -> JsonValue:
    """Return ``value`` as plain JSON: texts as above, and null for NaN and infinities, which JSON does not have.

    Raises:
        TypeError: something in it has no JSON form.
    """
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, str):
        return storable_text(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {storable_text(str(name)): storable_json(item) for name, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray):
        return [storable_json(item) for item in value]
    raise TypeError(f"{type(value).__name__} has no JSON form")
