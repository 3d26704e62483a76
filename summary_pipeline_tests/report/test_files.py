"""JSON and CSV for machines."""

import csv
import io
import json
from datetime import timedelta

from summary_pipeline.report.data import Spent, Variant
from summary_pipeline.report.document import Report
from summary_pipeline.report.files import CSV_FIELDS, render_csv, render_json
from summary_pipeline_tests.report.values import data, report, row

NOON = row().created_at


def lines(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_json_reads_back_as_the_report_that_was_written() -> None:
    made = report(row(1, 0.5), row(2, None))
    assert Report.model_validate_json(render_json(made)) == made


def test_json_names_its_schema_first() -> None:
    loaded = json.loads(render_json(report()))
    assert list(loaded)[:2] == ["schema_name", "schema_version"]
    assert (loaded["schema_name"], loaded["schema_version"]) == ("quality-report", 1)


def test_csv_has_a_line_for_each_summary_with_what_is_known() -> None:
    summary = row(
        7,
        0.25,
        flags=("refusal", "too_short"),
        components={"support": 0.5, "names": None},
        spent=Spent(2, 100, 10, 0.02),
        source_event_id="e",
        source_event_ts=NOON - timedelta(seconds=8),
    )
    (line,) = lines(render_csv(data(summary)))
    assert tuple(line) == CSV_FIELDS
    assert (line["video_id"], line["score"], line["flags"]) == ("7", "0.25", "refusal too_short")
    assert (line["support"], line["names"], line["order"]) == ("0.5", "", "")
    assert (line["seconds_since_event"], line["cost_usd"]) == ("8.0", "0.02")
    assert line["created_at"] == "2026-11-20T12:00:00+00:00"


def test_csv_without_summaries_has_its_headings() -> None:
    assert render_csv(data()) == ",".join(CSV_FIELDS) + "\n"


def test_no_spreadsheet_takes_a_cell_for_a_formula() -> None:
    (line,) = lines(render_csv(data(row(1, variant=Variant('=HYPERLINK("x")', "+1"), run_id="@x"))))
    assert (line["model"], line["prompt_version"], line["run_id"]) == ('\'=HYPERLINK("x")', "'+1", "'@x")
