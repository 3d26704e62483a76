"""``python -m summary_pipeline_tests.browser.report_screenshots``: the pictures of reports in ``docs/images``."""

import sys
import tempfile
from pathlib import Path
from typing import Final, NamedTuple

from playwright.sync_api import ViewportSize, sync_playwright

from summary_pipeline.local.postgresql import EmbeddedPostgres
from summary_pipeline_tests.browser.chromium import EXECUTABLE, WITHOUT
from summary_pipeline_tests.browser.report_pages import Shape, chromium, write_pages

IMAGES: Final = Path(__file__).parents[2] / "docs" / "images"


class Picture(NamedTuple):
    """A picture of the top of a page, ``height`` CSS pixels of it."""

    name: str
    page: str
    shape: Shape
    height: int


PICTURES: Final = (
    Picture("quality-report-weekly.png", "weekly", Shape(1280, "light"), 1500),
    Picture("quality-report-weekly-dark.png", "weekly", Shape(1280, "dark"), 1500),
    Picture("quality-report-daily-phone.png", "daily", Shape(400, "light"), 1500),
    Picture("quality-report-daily-phone-dark.png", "daily", Shape(400, "dark"), 1500),
    Picture("quality-report-comparison.png", "comparison", Shape(1280, "light"), 1300),
)


def main() -> None:
    """Make the pages, take the pictures."""
    if EXECUTABLE is None:
        sys.exit(WITHOUT)
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        with EmbeddedPostgres(directory / "postgresql") as server:
            write_pages(server, directory)
        with sync_playwright() as playwright, chromium(playwright) as browser:
            for picture in PICTURES:
                size = ViewportSize(width=picture.shape.width, height=picture.height)
                page = browser.new_page(viewport=size, color_scheme=picture.shape.scheme)
                page.goto((directory / f"{picture.page}.html").as_uri())
                page.screenshot(path=IMAGES / picture.name)
                sys.stdout.write(f"{IMAGES / picture.name}\n")


if __name__ == "__main__":
    main()
