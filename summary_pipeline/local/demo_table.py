"""The demo's result as a person reads it.

Belongs here: the table. Does not belong here: where its numbers come from (``demo_records``).
"""

from collections.abc import Sequence

from rich.markup import escape
from rich.table import Table

from summary_pipeline.local.demo_records import DemoResult

_SUMMARY_CHARACTERS = 160


def result_table(results: Sequence[DemoResult]) -> Table:
    """Return a row for each summary, with what it took."""
    table = Table(title="Summaries", title_justify="left", expand=True)
    table.add_column("video", ratio=3)
    for heading in ("chunks", "tokens", "model calls", "seconds", "quality"):
        table.add_column(heading, justify="right")
    table.add_column("summary", ratio=6)
    for result in results:
        made = result.provenance
        table.add_row(
            escape(f"{result.video_id} {result.title}"),
            str(made.chunk_count),
            f"{made.transcript_tokens:,}",
            str(made.usage.calls),
            f"{result.seconds:.1f}",
            "" if result.quality_score is None else f"{result.quality_score:.2f}",
            escape(first_line(result.summary)),
        )
    return table


def first_line(summary: str) -> str:
    """Return the beginning of a summary, cut where it would fill the table."""
    line = summary.strip().partition("\n")[0]
    return line if len(line) <= _SUMMARY_CHARACTERS else f"{line[:_SUMMARY_CHARACTERS].rstrip()}…"
