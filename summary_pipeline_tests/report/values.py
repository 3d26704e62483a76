"""Values to begin with, for tests of pure functions."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from summary_pipeline.report.analysis import analyse
from summary_pipeline.report.data import DeadLetterRow, FailureRow, ReportData, SummaryRow, Texts, TrendRow, Variant
from summary_pipeline.report.document import Report, SwapTest
from summary_pipeline.report.links import Links
from summary_pipeline.report.window import Period, Window
from summary_pipeline_tests.report.history import HOSTILE_SUMMARY, HOSTILE_TITLE

DAY = Window(Period.DAILY, date(2026, 11, 20), "UTC")
NOON = datetime(2026, 11, 20, 12)  # noqa: DTZ001 -- as the database's columns hold times
GENERATED_AT = datetime(2026, 11, 21, 0, 15, tzinfo=UTC)
OLD, NEW = Variant("gpt-6-luna", "aaaaaaaaaaaa"), Variant("gpt-6-luna", "bbbbbbbbbbbb")


def row(number: int = 1, score: float | None = 0.8, **changes: object) -> SummaryRow:
    """A summary of video ``number``, written at ``NOON`` of ``DAY``."""
    values: dict[str, Any] = {
        "id": number,
        "video_id": number,
        "created_at": NOON,
        "variant": OLD,
        "score": score,
        **changes,
    }
    return SummaryRow(**values)


def data(*rows: SummaryRow, **changes: object) -> ReportData:
    values: dict[str, Any] = {
        "window": DAY,
        "summaries": rows,
        "trend": (TrendRow(DAY, len(rows), len(rows), 0.8, None),) if rows else (TrendRow(DAY, 0, 0, None, None),),
        **changes,
    }
    return ReportData(**values)


def report(*rows: SummaryRow, **changes: object) -> Report:
    return analyse(
        data(*rows, **changes),
        generated_at=GENERATED_AT,
        swap_test=SwapTest(skipped="Not in this test."),
        links=Links("http://127.0.0.1:3000"),
    )


def hostile_report() -> Report:
    """A report with every section filled, and strangers' words wherever they can stand."""
    hostile = row(
        7,
        0.2,
        variant=NEW,
        components={"support": 0.1, "form": 0.9},
        flags=("off_topic", "unbacked_names", HOSTILE_TITLE),
        evidence={"unbacked_names": (HOSTILE_TITLE,)},
        run_id=HOSTILE_TITLE,
        summary_path=HOSTILE_TITLE,
        source_event_id="e",
        source_event_ts=NOON - timedelta(seconds=20),
    )
    others = tuple(row(number, 0.6 + number / 100, variant=OLD, components={"support": 0.7}) for number in range(1, 6))
    return report(
        hostile,
        *others,
        previous=(row(90, 0.5, created_at=NOON - timedelta(days=1), components={"support": 0.4}),),
        texts={7: Texts(HOSTILE_TITLE, HOSTILE_SUMMARY)},
        failures=(FailureRow(3, HOSTILE_TITLE, NOON, None, kept=True),),
        dead_letters=(DeadLetterRow("t", 0, 1, HOSTILE_TITLE, HOSTILE_TITLE, HOSTILE_TITLE, NOON, 0),),
    )
