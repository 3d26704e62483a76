"""What a person sees in Dagster's UI once the samples are summarized."""

import json

import pytest
from playwright.sync_api import Page, expect

from summary_pipeline_tests.browser.chromium import (
    asset,
    bar,
    open_check,
    open_lineage,
    open_partition,
    open_run,
    select_assets,
)
from summary_pipeline_tests.browser.demo_stack import CHINESE_SAMPLE, LONG_SAMPLE
from summary_pipeline_tests.end_to_end.dagster_api import STEPS, DagsterApi
from summary_pipeline_tests.end_to_end.neighbour import Neighbour
from summary_pipeline_tests.waiting import eventually

pytestmark = pytest.mark.browser


def test_the_graph_shows_the_way_from_kafka_to_the_search_index(page: Page) -> None:
    open_lineage(page)
    for name in ("video_transcribed", *STEPS, "video_summarized", "search_index"):
        expect(asset(page, name)).to_be_visible()


def test_all_that_follows_from_the_kafka_topic_reaches_the_search_index(page: Page) -> None:
    open_lineage(page)
    other_source = asset(page, "transcr…_documents")
    expect(other_source).to_be_visible()
    select_assets(page, 'key:"kafka/video_transcribed"+')
    expect(other_source).to_be_hidden()
    for name in ("video_transcribed", *STEPS, "video_summarized", "search_index"):
        expect(asset(page, name)).to_be_visible()


def test_nothing_that_was_made_of_events_at_once_is_shown_as_out_of_date(
    dagster: DagsterApi, neighbour: Neighbour
) -> None:
    videos = [str(row["video_id"]) for row in neighbour.rows("SELECT video_id FROM video_summaries")]
    assert len(videos) >= 7
    causes = {(name, video): dagster.stale_causes(name, video) for name in STEPS for video in videos}
    assert {place: why for place, why in causes.items() if why} == {}


def test_a_runs_page_shows_its_five_steps_in_time(page: Page, dagster: DagsterApi) -> None:
    run = dagster.runs_of(LONG_SAMPLE)[0]  # the event's; other tests may have summarized the video again
    open_run(page, run.run_id)
    for step in STEPS:
        expect(bar(page, step)).to_be_visible()

    def beginnings() -> list[float]:
        boxes = [bar(page, step).bounding_box() for step in STEPS]
        return [box["x"] for box in boxes if box is not None]

    # They slide to their places.
    eventually(
        beginnings,
        "five bars, each right of the one before",
        until=lambda seen: len(set(seen)) == 5 and seen == sorted(seen),
    )


def test_a_runs_page_shows_the_event_that_it_answers(page: Page, dagster: DagsterApi) -> None:
    run = dagster.runs_of(LONG_SAMPLE)[0]  # the event's; other tests may have summarized the video again
    open_run(page, run.run_id)
    page.get_by_text("View tags and config").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text(f"summary_pipeline/video_id: {LONG_SAMPLE}")
    expect(dialog).to_contain_text("summary_pipeline/kafka_topic: video.transcribed")
    expect(dialog).to_contain_text(f"summary_pipeline/transcript_key: transcripts/{LONG_SAMPLE}/transcript.json")
    event_id = run.tags["summary_pipeline/event_id"]
    # The UI cuts long values.
    expect(dialog).to_contain_text(f"summary_pipeline/event_id: {event_id[:24]}")


@pytest.mark.parametrize("asset_name", ["final_summary", "persisted_summary"])
@pytest.mark.parametrize("video_id", [LONG_SAMPLE, CHINESE_SAMPLE])
def test_a_materialization_shows_the_summary_as_markdown(
    page: Page, neighbour: Neighbour, asset_name: str, video_id: int
) -> None:
    (row,) = neighbour.rows("SELECT summary_text FROM video_summaries WHERE video_id = %s", video_id)
    open_partition(page, asset_name, str(video_id))
    expect(page.locator("p").get_by_text(row["summary_text"])).to_be_visible()
    # Rendered, not quoted: the stars that make it bold are gone.
    expect(page.locator("strong").get_by_text("Chapters", exact=True)).to_be_visible()
    expect(page.locator("li")).not_to_have_count(0)


def test_an_address_that_a_summary_holds_is_text_and_no_link(page: Page, neighbour: Neighbour) -> None:
    texts = ("Sign in at https://example.org/login today.", "The first lamps burned wood.", "Later ones burned oil.")
    snippets = [{"text": text, "start": 5.0 * number, "duration": 5.0} for number, text in enumerate(texts)]
    video_id, key = neighbour.add_video(json.dumps(snippets).encode())
    neighbour.announce(video_id, key)
    statement = "SELECT summary_text FROM video_summaries WHERE video_id = %s"
    (row,) = eventually(lambda: neighbour.rows(statement, video_id), "the video is summarized")
    assert "https://example.org/login" in row["summary_text"]
    open_partition(page, "persisted_summary", str(video_id))
    expect(page.locator("p").get_by_text("Sign in at https://example.org/login today.")).to_be_visible()
    expect(page.locator("a[href*='example.org']")).to_have_count(0)


@pytest.mark.parametrize(
    ("asset_name", "check", "said"),
    [
        ("transcript", "snippet_count", "snippets"),
        ("final_summary", "coverage_complete", "are in the summary."),
        ("persisted_summary", "score_above_threshold", "The quality score is"),
    ],
)
def test_the_checks_tab_of_an_asset_tells_the_verdict_on_every_video(
    page: Page, asset_name: str, check: str, said: str
) -> None:
    open_check(page, asset_name, check)
    for video_id in (LONG_SAMPLE, CHINESE_SAMPLE):
        verdict = page.get_by_role("row").filter(has_text=f"Video {video_id}: ").filter(has_text=said).first
        expect(verdict).to_contain_text("Passed")
