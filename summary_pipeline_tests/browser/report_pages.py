"""Pages of reports and of a comparison, made from a fortnight's rows, and how they are looked at.

The tests and the pictures in ``docs/images`` open the same pages.
"""

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Literal, NamedTuple

from playwright.sync_api import Browser, Playwright

from summary_pipeline.database.engine import create_database_engine
from summary_pipeline.database.schema import create_missing_shared_tables, migrate_own_tables
from summary_pipeline.local.postgresql import EmbeddedPostgres
from summary_pipeline.report.comparison import compare
from summary_pipeline.report.comparison_page import render_comparison_html
from summary_pipeline.report.comparison_queries import Side, gather_comparison
from summary_pipeline.report.links import Links
from summary_pipeline.report.making import make_report
from summary_pipeline.report.page import render_html
from summary_pipeline.report.window import Period, Window
from summary_pipeline_tests.browser.chromium import EXECUTABLE
from summary_pipeline_tests.report.history import AGAIN, LAST_DAY, add_history, summarize_again, topic_of
from summary_pipeline_tests.report.values import hostile_report

DATABASE: Final = "report_pages"
BEFORE: Final = "3f9a1c0b77de"
MONDAY: Final = LAST_DAY - dt.timedelta(days=LAST_DAY.weekday())
NOW: Final = dt.datetime(2026, 11, 23, 0, 30, tzinfo=dt.UTC)
PAGES: Final = ("daily", "weekly", "empty", "hostile", "comparison")

Scheme = Literal["light", "dark"]


class Shape(NamedTuple):
    """A window's width in CSS pixels, and what its owner prefers."""

    width: int
    scheme: Scheme


SHAPES: Final = tuple(Shape(width, scheme) for width in (1280, 400) for scheme in ("light", "dark"))


def write_pages(server: EmbeddedPostgres, directory: Path) -> None:
    """Write ``PAGES`` as HTML files."""
    server.create_database(DATABASE)
    engine = create_database_engine(server.url(DATABASE), schema="pages")
    create_missing_shared_tables(engine, "pages")
    migrate_own_tables(engine, "pages")
    add_history(engine)
    windows = {
        "daily": Window(Period.DAILY, LAST_DAY, "UTC"),
        "weekly": Window(Period.WEEKLY, MONDAY, "UTC"),
        "empty": Window(Period.DAILY, LAST_DAY - dt.timedelta(days=300), "UTC"),
    }
    for name, window in windows.items():
        made = make_report(
            engine,
            window,
            generated_at=NOW,
            read_transcript=lambda video_id: topic_of(video_id).transcript,
            links=Links("http://127.0.0.1:3000"),
        )
        (directory / f"{name}.html").write_bytes(made.files[0].body)
    (directory / "hostile.html").write_text(render_html(hostile_report()), encoding="utf-8")
    summarize_again(engine)
    data = gather_comparison(engine, Side(prompt_version=BEFORE), Side(prompt_version=AGAIN))
    html = render_comparison_html(compare(data, generated_at=NOW))
    (directory / "comparison.html").write_text(html, encoding="utf-8")
    engine.dispose()


@contextmanager
def chromium(playwright: Playwright) -> Iterator[Browser]:
    """Start a browser, and stop it."""
    browser = playwright.chromium.launch(
        executable_path=EXECUTABLE, args=["--no-sandbox", "--headless", "--disable-gpu", "--no-first-run"]
    )
    try:
        yield browser
    finally:
        browser.close()
