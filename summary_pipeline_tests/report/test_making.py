"""A report from rows to files."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import Engine

from summary_pipeline.report.links import Links
from summary_pipeline.report.making import MadeReport, make_report
from summary_pipeline.report.window import Period, Window
from summary_pipeline_tests.report.history import LAST_DAY, add_history, topic_of

pytestmark = pytest.mark.servers


def make(engine: Engine) -> MadeReport:
    return make_report(
        engine,
        Window(Period.DAILY, LAST_DAY, "UTC"),
        generated_at=datetime(2026, 11, 21, tzinfo=UTC),
        read_transcript=lambda video_id: topic_of(video_id).transcript,
        links=Links(),
    )


def test_the_same_rows_give_the_same_bytes(engine: Engine) -> None:
    add_history(engine)
    assert make(engine) == make(engine)


def test_all_sections_have_something_to_say_of_a_busy_day(engine: Engine) -> None:
    add_history(engine)
    report = make(engine).report
    assert report.counts.summaries > 20
    assert min(len(report.worst), len(report.usage), len(report.changes), len(report.judges)) >= 1
    assert min(len(report.failures), len(report.dead_letters), len(report.flags)) >= 1
    assert report.swap_test.share is not None
    assert report.swap_test.share > 0.9
    assert report.latency is not None
    assert sum(line.batch_calls for line in report.usage) == 40
