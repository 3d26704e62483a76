"""The report's and the comparison's pages in a real browser, as files: nobody serves them."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from summary_pipeline.local.postgresql import EmbeddedPostgres
from summary_pipeline_tests.browser.chromium import EXECUTABLE, WITHOUT
from summary_pipeline_tests.browser.report_pages import PAGES, SHAPES, Shape, chromium, write_pages
from summary_pipeline_tests.report.history import HOSTILE_SUMMARY, HOSTILE_TITLE

pytestmark = pytest.mark.browser

LEAST_CONTRAST = 4.5
"""Of text and its ground, by WCAG 2.2, level AA."""
LEAST_PIXELS = 9.0
"""Of the letters in a figure on the narrowest screen."""

TEXTS_IN_FIGURES = """() => [...document.querySelectorAll('svg')].map(svg => ({
  box: svg.getBoundingClientRect().toJSON(),
  scale: svg.getBoundingClientRect().width / svg.viewBox.baseVal.width,
  texts: [...svg.querySelectorAll('text')].map(text => ({
    said: text.textContent,
    pixels: parseFloat(getComputedStyle(text).fontSize),
    box: text.getBoundingClientRect().toJSON(),
  })),
}))"""

CONTRASTS = """() => {
  const channels = color => color.match(/[\\d.]+/g).map(Number);
  const luminance = color => {
    const linear = c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
    const [r, g, b] = channels(color).map(c => linear(c / 255));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = element => {
    for (let e = element; e; e = e.parentElement) {
      const color = getComputedStyle(e).backgroundColor;
      if ((channels(color)[3] ?? 1) > 0) return color;
    }
    return 'rgb(255, 255, 255)';
  };
  const found = [];
  for (const element of document.querySelectorAll('body *')) {
    const own = [...element.childNodes].some(n => n.nodeType === Node.TEXT_NODE && n.textContent.trim());
    if (!own || element.tagName === 'title') continue;
    const style = getComputedStyle(element);
    const color = element.ownerSVGElement ? style.fill : style.color;
    const [one, other] = [luminance(color), luminance(ground(element))].sort((a, b) => b - a);
    found.push([(one + 0.05) / (other + 0.05), element.textContent.trim().slice(0, 40)]);
  }
  return found;
}"""


@dataclass
class Visit:
    """A page and everything that it said or asked for while it was opened."""

    page: Page
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def pages(postgres_server: EmbeddedPostgres, tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("pages")
    write_pages(postgres_server, directory)
    return directory


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if EXECUTABLE is None:
        pytest.skip(WITHOUT)
    with sync_playwright() as playwright, chromium(playwright) as launched:
        yield launched


@pytest.fixture(params=PAGES)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=SHAPES, ids=lambda shape: f"{shape.width}-{shape.scheme}")
def visit(request: pytest.FixtureRequest, browser: Browser, pages: Path, name: str) -> Iterator[Visit]:
    shape: Shape = request.param
    context = browser.new_context(viewport={"width": shape.width, "height": 900}, color_scheme=shape.scheme)
    visited = Visit(context.new_page())
    visited.page.on("console", lambda message: visited.complaints.append(message.text))
    visited.page.on("pageerror", lambda error: visited.complaints.append(str(error)))
    visited.page.on("dialog", lambda dialog: visited.complaints.append(dialog.message))
    visited.page.on("request", lambda asked: visited.requests.append(asked.url))
    visited.page.goto((pages / f"{name}.html").as_uri())
    yield visited
    context.close()


def test_a_page_complains_of_nothing_and_asks_for_nothing_but_itself(visit: Visit) -> None:
    assert visit.complaints == []
    assert [url for url in visit.requests if not url.startswith("data:")] == [visit.page.url]


def test_a_page_never_scrolls_sideways(visit: Visit) -> None:
    assert visit.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_what_is_wider_than_the_screen_scrolls_by_itself_and_is_reached_by_keyboard(visit: Visit) -> None:
    unreachable = visit.page.evaluate(
        "[...document.querySelectorAll('table')].filter(t => t.scrollWidth > window.innerWidth"
        " && !t.closest('.scroll[tabindex=\"0\"][aria-label]')).length"
    )
    assert unreachable == 0


def test_all_text_stands_out_from_its_ground(visit: Visit) -> None:
    weak = [found for found in visit.page.evaluate(CONTRASTS) if found[0] < LEAST_CONTRAST]
    assert weak == []


def test_labels_of_figures_are_whole_apart_and_large_enough(visit: Visit) -> None:
    for figure in visit.page.evaluate(TEXTS_IN_FIGURES):
        box, texts = figure["box"], figure["texts"]
        for text in texts:
            assert text["pixels"] * figure["scale"] >= LEAST_PIXELS, text["said"]
            inside = (
                text["box"]["left"] >= box["left"] - 1
                and text["box"]["right"] <= box["right"] + 1
                and text["box"]["top"] >= box["top"] - 1
                and text["box"]["bottom"] <= box["bottom"] + 1
            )
            assert inside, f"{text['said']!r} is cut off"
        for place, one in enumerate(texts):
            for other in texts[place + 1 :]:
                assert not overlap(one["box"], other["box"]), f"{one['said']!r} lies on {other['said']!r}"


def overlap(one: dict[str, float], other: dict[str, float]) -> bool:
    """A box of letters has room above and below them, of which a quarter may be shared."""
    across = min(one["right"], other["right"]) - max(one["left"], other["left"])
    down = min(one["bottom"], other["bottom"]) - max(one["top"], other["top"])
    return across > 1 and down > min(one["height"], other["height"]) / 4


@pytest.mark.parametrize("name", ["hostile"])
def test_strangers_words_are_shown_and_do_nothing(visit: Visit) -> None:
    assert visit.page.evaluate("document.scripts.length") == 0
    assert visit.page.evaluate("document.querySelectorAll('img, iframe, object, embed').length") == 0
    assert visit.page.get_by_text(HOSTILE_SUMMARY).is_visible()
    assert visit.page.locator("h3 bdi").first.inner_text() == HOSTILE_TITLE
    assert visit.complaints == []
