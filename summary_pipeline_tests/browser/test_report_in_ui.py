"""From Dagster's UI to a report, as a person gets there."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from summary_pipeline_tests.end_to_end.dagster_api import DagsterApi
from summary_pipeline_tests.waiting import eventually

pytestmark = pytest.mark.browser


def test_the_report_is_opened_from_the_ui_with_its_plot(page: Page, dagster: DagsterApi) -> None:
    yesterday = (datetime.now(UTC).date() - timedelta(days=1)).isoformat()
    launched = dagster.query(
        "mutation($params: LaunchBackfillParams!) { launchPartitionBackfill(backfillParams: $params) {"
        " ... on LaunchBackfillSuccess { backfillId } ... on PythonError { message } } }",
        params={"assetSelection": [{"path": ["quality_report_daily"]}], "partitionNames": [yesterday]},
    )
    backfill = launched["launchPartitionBackfill"]["backfillId"]
    (run,) = eventually(
        lambda: dagster.runs(**{"dagster/backfill": backfill}),
        "the report's run has ended",
        until=lambda runs: bool(runs) and all(run.has_ended for run in runs),
    )
    assert run.status == "SUCCESS"
    page.goto(f"/assets/quality_report_daily?view=partitions&partition={yesterday}")
    page.get_by_text("Latest materialization").wait_for()
    # What is longer than a few lines is shown when asked for.
    page.get_by_text("[Show Markdown]").first.click()
    plot = page.get_by_role("dialog").get_by_role("img", name="Mean score and number of summaries")
    expect(plot).to_be_visible()
    assert plot.evaluate("image => image.complete && image.naturalWidth") == 840
    page.keyboard.press("Escape")
    shown = page.get_by_text(f"daily/{yesterday}/report.html").first.inner_text()
    file = Path(shown.removeprefix("file://"))
    page.goto(file.as_uri())
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Quality report, {yesterday}")
