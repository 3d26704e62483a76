"""Summarizing videos again by hand: what the README and ``docs/resummarizing.md`` tell people to click."""

import re

import pytest
from playwright.sync_api import Page, expect

from summary_pipeline_tests.browser.added_videos import (
    add_failed_videos,
    add_unheard_videos,
    upload_what_is_missing,
)
from summary_pipeline_tests.browser.chromium import (
    filter_events,
    launch_backfill,
    open_backfill_dialog,
    open_backfill_dialog_of_failed,
    open_lineage,
    open_partition,
    open_run,
    open_waiting_runs,
    select_assets,
)
from summary_pipeline_tests.browser.demo_stack import BATCH_FROM, CHINESE_SAMPLE, LONG_SAMPLE
from summary_pipeline_tests.end_to_end.conftest import Model
from summary_pipeline_tests.end_to_end.dagster_api import STEPS, DagsterApi
from summary_pipeline_tests.end_to_end.neighbour import Neighbour
from summary_pipeline_tests.stack_command import StackCommand

pytestmark = pytest.mark.browser

VERSIONS = "SELECT summarized_event_id FROM summary_versions WHERE video_id = %s ORDER BY id"


def test_a_backfill_of_two_partitions_summarizes_two_videos_again(page: Page, neighbour: Neighbour) -> None:
    before = {video_id: neighbour.rows(VERSIONS, video_id) for video_id in (LONG_SAMPLE, CHINESE_SAMPLE)}
    open_lineage(page)
    select_assets(page, 'group:"summaries"')
    dialog = open_backfill_dialog(page, str(LONG_SAMPLE), str(CHINESE_SAMPLE))
    launch_backfill(page, dialog)
    # One for each asset. The page looks for news by itself.
    expect(page.get_by_text("100% completed")).to_have_count(len(STEPS), timeout=240_000)
    for video_id, versions in before.items():
        after = neighbour.rows(VERSIONS, video_id)
        assert len(after) == len(versions) + 1
        newest = after[-1]["summarized_event_id"]
        open_partition(page, "persisted_summary", str(video_id))
        expect(page.get_by_text(str(newest))).to_be_visible()
        (row,) = neighbour.rows("SELECT summary_text FROM video_summaries WHERE video_id = %s", video_id)
        expect(page.locator("p").get_by_text(row["summary_text"])).to_be_visible()


def test_one_click_chooses_the_failed_videos_and_they_alone_run_again(
    page: Page, neighbour: Neighbour, dagster: DagsterApi
) -> None:
    failed = add_failed_videos(neighbour, 2)
    known = dagster.backfill_ids()
    open_lineage(page)
    select_assets(page, 'group:"summaries"')
    dialog = open_backfill_dialog_of_failed(page, *map(str, failed))
    upload_what_is_missing(neighbour, failed)
    launch_backfill(page, dialog)
    neighbour.wait_for_status("indexing", *failed)
    (backfill,) = dagster.backfill_ids() - known
    assert set(dagster.backfill(backfill)["partitionNames"]) == {str(video_id) for video_id in failed}


def test_a_large_backfill_waits_for_its_answers_and_then_goes_on(
    page: Page, neighbour: Neighbour, dagster: DagsterApi, stack: StackCommand
) -> None:
    # Long enough to look at what waits for it.
    Model(stack.environment["OPENAI_BASE_URL"]).work_on_batches_for(30)
    videos = add_unheard_videos(neighbour, dagster, BATCH_FROM)
    open_lineage(page)
    select_assets(page, 'group:"summaries"')
    dialog = open_backfill_dialog(page, *map(str, videos))
    launch_backfill(page, dialog)
    open_waiting_runs(page, len(videos))
    neighbour.wait_for_status("indexing", *videos)
    open_run(page, dagster.queued_run_of(videos[0]).run_id)
    # Of a long list of events the page holds those alone that are in view.
    filter_events(page, "answers were stored")
    expect(page.get_by_text(re.compile(r"^Batch \d+ \(batch_\w+\): \d of \d answers were stored"))).to_be_visible()
