"""``python -m summary_pipeline_tests.browser.screenshots``: the pictures of the UI in ``docs/images``, from a demo."""

import sys
from pathlib import Path

from playwright.sync_api import Page, expect

from summary_pipeline_tests.browser.added_videos import add_failed_videos, add_unheard_videos
from summary_pipeline_tests.browser.chromium import (
    EXECUTABLE,
    WITHOUT,
    asset,
    bar,
    chromium_page,
    filter_events,
    launch_backfill,
    open_backfill_dialog,
    open_backfill_dialog_of_failed,
    open_check,
    open_lineage,
    open_partition,
    open_run,
    open_waiting_runs,
    select_assets,
)
from summary_pipeline_tests.browser.demo_stack import BATCH_FROM, CHINESE_SAMPLE, LONG_SAMPLE, demo_stack
from summary_pipeline_tests.end_to_end.conftest import Model
from summary_pipeline_tests.end_to_end.dagster_api import STEPS, DagsterApi
from summary_pipeline_tests.end_to_end.neighbour import Neighbour

IMAGES = Path(__file__).parents[2] / "docs" / "images"


def take(page: Page, dagster: DagsterApi, images: Path) -> None:
    """Write the pictures into ``images``."""
    images.mkdir(parents=True, exist_ok=True)
    page.set_viewport_size({"width": 1600, "height": 700})
    open_lineage(page)
    for name in STEPS:
        expect(asset(page, name)).to_be_visible()
    _save(page, images / "asset-graph.png")
    page.set_viewport_size({"width": 1600, "height": 1000})
    page.set_viewport_size({"width": 1600, "height": 900})
    (run,) = dagster.runs_of(LONG_SAMPLE)
    open_run(page, run.run_id)
    filter_events(page, "type:STEP_SUCCESS")
    for step in STEPS:
        expect(bar(page, step)).to_be_visible()
    _save(page, images / "run-timeline.png")
    open_check(page, "persisted_summary", "score_above_threshold")
    expect(page.get_by_text(f"Video {LONG_SAMPLE}: ")).to_be_visible()
    _save(page, images / "checks.png")
    # As tall as what there is to say of a summary.
    page.set_viewport_size({"width": 1600, "height": 1600})
    open_partition(page, "persisted_summary", str(CHINESE_SAMPLE))
    expect(page.locator("strong").get_by_text("Chapters", exact=True)).to_be_visible()
    expect(page.get_by_text("Unsynced")).to_have_count(0)
    _save(page, images / "materialization.png")


def take_backfill(page: Page, images: Path) -> None:
    """Write the pictures of a backfill of two videos, before and after."""
    open_lineage(page)
    select_assets(page, 'group:"summaries"')
    dialog = open_backfill_dialog(page, str(LONG_SAMPLE), str(CHINESE_SAMPLE))
    _save(page, images / "backfill-dialog.png")
    launch_backfill(page, dialog)
    expect(page.get_by_text("100% completed")).to_have_count(len(STEPS), timeout=240_000)
    _save(page, images / "backfill.png")


def take_failed(page: Page, neighbour: Neighbour, images: Path) -> None:
    """Write the picture of the dialog that runs failed videos again."""
    failed = add_failed_videos(neighbour, 2)
    open_lineage(page)
    select_assets(page, 'group:"summaries"')
    open_backfill_dialog_of_failed(page, *map(str, failed))
    _save(page, images / "backfill-failed.png")


def take_waiting(page: Page, neighbour: Neighbour, dagster: DagsterApi, images: Path) -> None:
    """Write the picture of runs that wait for a batch, which has to take long enough."""
    page.set_viewport_size({"width": 1600, "height": 640})
    videos = add_unheard_videos(neighbour, dagster, BATCH_FROM)
    open_lineage(page)
    select_assets(page, 'group:"summaries"')
    launch_backfill(page, open_backfill_dialog(page, *map(str, videos)))
    open_waiting_runs(page, len(videos))
    _save(page, images / "waiting-runs.png")


def _save(page: Page, file: Path) -> None:
    # No pointer over anything, no field with the focus, and what is still moving or loading comes to rest.
    page.mouse.move(0, 0)
    page.evaluate("document.activeElement?.blur()")
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(1500)
    page.screenshot(path=file)
    sys.stdout.write(f"{file}\n")


def main() -> None:
    """Start the demo, take the pictures, stop it."""
    if EXECUTABLE is None:
        sys.exit(WITHOUT)
    with demo_stack() as command:
        with chromium_page(command.ui_url) as page:
            take(page, DagsterApi(command.ui_url), IMAGES)
        # A browser of its own: the UI keeps what was unfolded before.
        with chromium_page(command.ui_url) as page:
            take_backfill(page, IMAGES)
        with chromium_page(command.ui_url) as page, Neighbour(command.environment) as neighbour:
            take_failed(page, neighbour, IMAGES)
        with chromium_page(command.ui_url) as page, Neighbour(command.environment) as neighbour:
            Model(command.environment["OPENAI_BASE_URL"]).work_on_batches_for(60)
            take_waiting(page, neighbour, DagsterApi(command.ui_url), IMAGES)


if __name__ == "__main__":
    main()
