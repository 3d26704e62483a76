"""From the JSON that is kept of a summary (``summary_versions.model_info``) to what reports show.

Belongs here: reading that JSON, whoever wrote it: rows of other programs may hold anything.
Does not belong here: SQL (``queries``).
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from summary_pipeline.report.data import Spent

NOT_RECORDED: Final = Spent(cost_usd=None)
NOTHING: Final = Spent()


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """What is known of how a summary was made and how it scored."""

    components: dict[str, float | None] = field(default_factory=dict)
    flags: tuple[str, ...] = ()
    evidence: dict[str, tuple[str, ...]] = field(default_factory=dict)
    scorer: str | None = None
    language: str | None = None
    spent: Spent = NOT_RECORDED
    spent_before: Spent = NOTHING


def read_model_info(stored: object) -> ModelInfo:
    """Return what ``stored`` says; what is missing or of another type counts as unknown."""
    info = _mapping(stored)
    quality = _mapping(info.get("quality"))
    provenance = _mapping(info.get("provenance"))
    return ModelInfo(
        components={name: unit_score(value) for name, value in _mapping(quality.get("components")).items()},
        flags=_texts(quality.get("flags")),
        evidence={name: _texts(words) for name, words in _mapping(quality.get("evidence")).items()},
        scorer=_text(quality.get("scorer")),
        language=_text(info.get("language")),
        spent=_spent(provenance.get("usage"), NOT_RECORDED),
        spent_before=_spent(provenance.get("stored_usage"), NOTHING),
    )


def unit_score(value: object) -> float | None:
    """Return ``value`` if it is a number within 0 to 1, else None: a score that is not one must not move a mean."""
    number = _number(value)
    return number if number is not None and 0 <= number <= 1 else None


def _spent(stored: object, absent: Spent) -> Spent:
    if not isinstance(stored, Mapping):
        return absent
    return Spent(
        calls=_count(stored.get("calls")),
        input_tokens=_count(stored.get("input_tokens")),
        output_tokens=_count(stored.get("output_tokens")),
        cost_usd=_number(stored.get("cost_usd")),
        batch_calls=_count(stored.get("batch_calls")),
    )


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _texts(value: object) -> tuple[str, ...]:
    return tuple(item for item in value if isinstance(item, str)) if isinstance(value, list) else ()


def _number(value: object) -> float | None:
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def _count(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0
