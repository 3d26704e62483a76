"""Chromium, driven by Playwright, and the pages of Dagster's UI that this project cares about.

The tests and the pictures in ``docs/images`` open the same pages.
"""

import contextlib
import shutil
from collections.abc import Iterator

from playwright.sync_api import Locator, Page, expect, sync_playwright

EXECUTABLE = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
WITHOUT = "no Chromium on the PATH (Debian: apt-get install chromium fonts-noto-cjk)"

_ARGUMENTS = [
    *("--no-sandbox", "--headless", "--disable-gpu", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]
_WAIT_MILLISECONDS = 60_000


@contextlib.contextmanager
def chromium_page(url: str, *, width: int = 1600, height: int = 900) -> Iterator[Page]:
    """Open a page of a fresh browser, on which paths are relative to ``url``; the UI's own navigation is folded up."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=EXECUTABLE, args=_ARGUMENTS)
        context = browser.new_context(base_url=url, viewport={"width": width, "height": height}, locale="en-GB")
        context.add_init_script("localStorage.setItem('dagster-nav-collapsed', 'true')")
        context.set_default_timeout(_WAIT_MILLISECONDS)
        expect.set_options(timeout=_WAIT_MILLISECONDS)
        yield context.new_page()
        browser.close()


def open_lineage(page: Page) -> None:
    """Open the graph of all assets, with its groups unfolded and without the list beside it."""
    page.goto("/asset-groups")
    page.get_by_placeholder("Jump to…").wait_for()
    _icon_button(page, "panel_show_right").click()
    _icon_button(page, "panel_show_left").wait_for()
    # Unfolds all groups, and fits the graph to the space that there is now.
    page.keyboard.press("Alt+e")
    asset(page, "search_index").wait_for()


def select_assets(page: Page, selection: str) -> None:
    """Type a selection into the graph's search field."""
    page.locator(".CodeMirror").first.click()
    page.keyboard.type(selection)
    # The first key closes the list of suggestions.
    page.keyboard.press("Escape")
    page.keyboard.press("Enter")


def asset(page: Page, name: str) -> Locator:
    """Return an asset's node in the graph."""
    return page.locator("foreignObject").get_by_text(name, exact=True)


def open_run(page: Page, run_id: str) -> None:
    """Open a run, with its timeline and the list of its events."""
    page.goto(f"/runs/{run_id}")
    page.get_by_text("Succeeded (5)").wait_for()


def open_waiting_runs(page: Page, count: int) -> None:
    """Open the list of queued runs, of which so many wait for a batch; their tags say so, their pages do not."""
    page.goto("/runs?q[]=status:QUEUED")
    expect(page.get_by_text("summary_pipeline/answers_by_batch: awaited")).to_have_count(count)


def bar(page: Page, step: str) -> Locator:
    """Return a step's bar in the timeline. The name on a short bar may be cut, its tooltip is not."""
    return page.locator(f".chart-element.box[data-tooltip={step}]")


def filter_events(page: Page, text: str) -> None:
    """Fill in the filter above a run's events."""
    page.get_by_placeholder("Filter…").fill(text)


def open_partition(page: Page, asset_name: str, key: str) -> None:
    """Open the newest materialization of an asset's partition."""
    page.goto(f"/assets/{asset_name}?view=partitions&partition={key}")
    page.get_by_text("Latest materialization").wait_for()


def open_check(page: Page, asset_name: str, check: str) -> None:
    """Open an asset's tab of checks, and what one of them has said of every video, the newest first."""
    page.goto(f"/assets/{asset_name}?view=checks")
    page.get_by_text(check, exact=True).first.click()
    page.get_by_text("Execution history", exact=True).click()
    page.get_by_text("Target materialization", exact=True).wait_for()


def open_backfill_dialog(page: Page, *partitions: str) -> Locator:
    """From the graph of a selection, open the dialog that materializes it, for some partitions; return the dialog."""
    dialog = _open_materialize_dialog(page)
    dialog.get_by_text("Select a partition or create one").click()
    for key in partitions:
        # Its text holds the key twice, its title once.
        item = page.get_by_role("menuitem").filter(has=page.get_by_title(key, exact=True))
        item.click()
        # The next click adds to what the menu shows as chosen.
        expect(item.get_by_role("checkbox")).to_be_checked()
    # Closes the menu.
    dialog.get_by_text("Launch runs to materialize").click()
    expect(dialog.get_by_text(f"{len(partitions)} partitions", exact=True)).to_be_visible()
    return dialog


def open_backfill_dialog_of_failed(page: Page, *partitions: str) -> Locator:
    """Open the same dialog with what it takes for failed, which has to be ``partitions``."""
    dialog = _open_materialize_dialog(page)
    dialog.get_by_text("Failed", exact=True).click()
    expect(dialog.get_by_text(f"{len(partitions)} partitions", exact=True)).to_be_visible()
    for key in partitions:
        expect(dialog.get_by_text(key, exact=True).first).to_be_visible()
    return dialog


def launch_backfill(page: Page, dialog: Locator) -> None:
    """Press the dialog's button and go to the backfill's page."""
    dialog.get_by_role("button", name="Launch backfill").click()
    created = page.get_by_text("Created backfill")
    created.wait_for()
    page.get_by_text("View", exact=True).click()
    page.get_by_text("Partitions targeted").wait_for()


def _open_materialize_dialog(page: Page) -> Locator:
    page.get_by_role("button", name="Materialize all").first.click()
    return page.get_by_role("dialog")


def _icon_button(page: Page, icon: str) -> Locator:
    return page.get_by_role("button").filter(has=page.get_by_role("img", name=icon, exact=True)).last
