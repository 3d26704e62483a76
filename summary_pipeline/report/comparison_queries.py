"""Reading both sides of a comparison from ``summary_versions``. Nothing here writes.

Belongs here: which rows are compared. Does not belong here: what follows from them (``comparison``).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, Select, func, or_, select
from sqlalchemy.dialects.postgresql import distinct_on

from summary_pipeline.database.errors import typed_errors
from summary_pipeline.database.own_models import SummaryVersion
from summary_pipeline.report.data import UNKNOWN, SummaryRow, Texts
from summary_pipeline.report.queries import VERSION_COLUMNS, read_rows, read_texts

MOST_TEXTS = 10
"""Examples of gains and losses together; each has two texts."""


class NothingToCompareError(Exception):
    """No video has summaries of both sides; the message says which versions there are."""


@dataclass(frozen=True, slots=True)
class Side:
    """What one side's summaries have in common. None means any.

    Raises:
        ValueError: neither is given.
    """

    model: str | None = None
    prompt_version: str | None = None

    def __post_init__(self) -> None:
        if self.model is None and self.prompt_version is None:
            raise ValueError("a side needs a model, a prompt version, or both")

    def __str__(self) -> str:
        parts = (("model", self.model), ("prompts", self.prompt_version))
        return ", ".join(f"{name} {value}" for name, value in parts if value is not None)

    def require_apart(self, other: "Side") -> None:
        """Return if no summary can be of both sides.

        Raises:
            ValueError: one can.
        """
        values = ((self.model, other.model), (self.prompt_version, other.prompt_version))
        if not any(mine is not None and theirs is not None and mine != theirs for mine, theirs in values):
            raise ValueError(f"A ({self}) and B ({other}) overlap: name two models, or two prompt versions")


@dataclass(frozen=True, slots=True)
class Pair:
    """The newest summary of each side of one video."""

    a: SummaryRow
    b: SummaryRow


@dataclass(frozen=True, slots=True)
class ComparisonData:
    """All pairs, by video, and the texts of those that may be shown, by the row's id."""

    side_a: Side
    side_b: Side
    pairs: tuple[Pair, ...]
    texts: Mapping[int, Texts] = field(default_factory=dict)


def gather_comparison(engine: Engine, side_a: Side, side_b: Side, videos: Sequence[range] = ()) -> ComparisonData:
    """Return the videos that have a summary of each side, of all or of those whose id is in ``videos``.

    Raises:
        ValueError: a summary could be of both sides.
        NothingToCompareError: no video has both.
        DatabaseError: the database could not answer.
    """
    side_a.require_apart(side_b)
    with typed_errors("reading the summaries to compare"), engine.connect() as plain:
        connection = plain.execution_options(isolation_level="REPEATABLE READ")
        rows_a, rows_b = _newest(connection, side_a, videos), _newest(connection, side_b, videos)
        pairs = tuple(Pair(rows_a[video_id], rows_b[video_id]) for video_id in sorted(rows_a.keys() & rows_b.keys()))
        if not pairs:
            raise NothingToCompareError(
                f"No video has a summary of both sides. A ({side_a}): {len(rows_a)} video(s). "
                f"B ({side_b}): {len(rows_b)} video(s).\n{_versions(connection, videos)}"
            )
        shown = {row.id for pair in examples(pairs) for row in (pair.a, pair.b)}
        return ComparisonData(side_a, side_b, pairs, read_texts(connection, shown))


def gain(pair: Pair) -> float | None:
    """Return the score of B less that of A, None where one has none."""
    return None if pair.a.score is None or pair.b.score is None else pair.b.score - pair.a.score


def examples(pairs: Sequence[Pair]) -> list[Pair]:
    """Return the pairs with the largest gains, largest first, then those with the largest losses, smallest first."""
    scored = sorted(
        ((value, pair) for pair in pairs if (value := gain(pair))), key=lambda item: (-item[0], item[1].a.video_id)
    )
    gains = [pair for value, pair in scored if value > 0][: MOST_TEXTS // 2]
    losses = [pair for value, pair in scored if value < 0][-(MOST_TEXTS // 2) :]
    return gains + losses


def _newest(connection: Connection, side: Side, videos: Sequence[range]) -> dict[int, SummaryRow]:
    conditions = _chosen(videos)
    if side.model is not None:
        conditions.append(SummaryVersion.model == side.model)
    if side.prompt_version is not None:
        conditions.append(SummaryVersion.prompt_version == side.prompt_version)
    statement: Select[Any] = (
        select(*VERSION_COLUMNS)
        .ext(distinct_on(SummaryVersion.video_id))
        .where(*conditions)
        .order_by(SummaryVersion.video_id, SummaryVersion.id.desc())
    )
    return {row.video_id: row for row in read_rows(connection, statement)}


def _chosen(videos: Sequence[range]) -> list[ColumnElement[bool]]:
    if not videos:
        return []
    return [or_(*(SummaryVersion.video_id.between(ids.start, ids.stop - 1) for ids in videos))]


def _versions(connection: Connection, videos: Sequence[range]) -> str:
    statement = (
        select(SummaryVersion.model, SummaryVersion.prompt_version, func.count(SummaryVersion.video_id.distinct()))
        .where(*_chosen(videos))
        .group_by(SummaryVersion.model, SummaryVersion.prompt_version)
        .order_by(SummaryVersion.model, SummaryVersion.prompt_version)
    )
    lines = [
        f"  model {model or UNKNOWN}, prompts {prompts or UNKNOWN}: {count} video(s)"
        for model, prompts, count in connection.execute(statement)
    ]
    return "\n".join(["There are:", *lines]) if lines else "There are no summaries at all of these videos."
