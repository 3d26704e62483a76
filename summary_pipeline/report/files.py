"""The report for machines: JSON and CSV.

Belongs here: those two forms. Does not belong here: the page (``page``), and where any of them is stored.
``docs/reports.md`` describes both.
"""

import csv
import io
from typing import Final

from summary_pipeline.report.data import ReportData, SummaryRow
from summary_pipeline.report.document import Report
from summary_pipeline.report.window import aware_utc
from summary_pipeline.summarization.quality import COMPONENTS

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
"""What makes a spreadsheet take a text for a formula."""


def render_json(report: Report) -> str:
    """Return ``report.json``."""
    return report.model_dump_json(indent=2) + "\n"


def render_csv(data: ReportData) -> str:
    """Return ``summaries.csv``: a line for each summary of the window, in the order in which they were written."""
    buffer = io.StringIO()
    lines = csv.DictWriter(buffer, fieldnames=CSV_FIELDS, lineterminator="\n")
    lines.writeheader()
    for row in data.summaries:
        lines.writerow(_csv_line(row))
    return buffer.getvalue()


CSV_FIELDS: Final = (
    "version_id",
    "video_id",
    "created_at",
    "model",
    "prompt_version",
    "score",
    "scorer",
    "flags",
    *COMPONENTS,
    "language",
    "seconds_since_event",
    "calls",
    "input_tokens",
    "output_tokens",
    "cost_usd",
    "stored_cost_usd",
    "source_event_id",
    "summarized_event_id",
    "run_id",
    "summary_key",
)


def _csv_line(row: SummaryRow) -> dict[str, object]:
    """Return the cells of a line. What is unknown is empty."""
    return {
        "version_id": row.id,
        "video_id": row.video_id,
        "created_at": aware_utc(row.created_at).isoformat(),
        "model": _text(row.variant.model),
        "prompt_version": _text(row.variant.prompt_version),
        "score": row.score,
        "scorer": _text(row.scorer),
        "flags": _text(" ".join(row.flags)),
        **{name: row.components.get(name) for name in COMPONENTS},
        "language": _text(row.language),
        "seconds_since_event": row.seconds_since_event,
        "calls": row.spent.calls,
        "input_tokens": row.spent.input_tokens,
        "output_tokens": row.spent.output_tokens,
        "cost_usd": row.spent.cost_usd,
        "stored_cost_usd": row.spent_before.cost_usd,
        "source_event_id": _text(row.source_event_id),
        "summarized_event_id": _text(row.summarized_event_id),
        "run_id": _text(row.run_id),
        "summary_key": _text(row.summary_path),
    }


def _text(value: str | None) -> str | None:
    """Return a text that no spreadsheet computes."""
    return f"'{value}" if value and value.startswith(_FORMULA) else value
