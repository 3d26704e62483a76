"""The page as a document: nothing from outside, nothing of strangers' words taken for markup."""

import base64
import hashlib
import re
from datetime import timedelta
from html.parser import HTMLParser

import pytest

from summary_pipeline.report.data import BatchBill, Spent
from summary_pipeline.report.page import render_html, render_main_plot
from summary_pipeline_tests.report.history import HOSTILE_SUMMARY, HOSTILE_TITLE
from summary_pipeline_tests.report.values import NEW, hostile_report, report, row

VOID = {"meta", "link", "br", "img", "input", "hr"}
NOON = row().created_at


class Page(HTMLParser):
    """Elements with their attributes, the text, and whether every element was closed where it should be."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(html)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag, f"</{tag}> at {self.getpos()}"

    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.fixture(scope="module")
def full() -> str:
    return render_html(hostile_report())


@pytest.fixture(scope="module")
def parsed(full: str) -> Page:
    return Page(full)


def test_strangers_words_are_text(parsed: Page) -> None:
    assert parsed.all("script") == []
    assert parsed.all("img") == []
    assert len(parsed.all("style")) == 1
    # Title of the video, flag, evidence, run, key, failure twice, stage and error together, example.
    assert parsed.text.count(HOSTILE_TITLE) >= 9
    assert HOSTILE_SUMMARY in parsed.text


def test_nothing_is_loaded_from_anywhere(full: str, parsed: Page) -> None:
    for tag, attributes in parsed.elements:
        for name in ("src", "srcset", "data", "poster", "background", "action", "xlink:href"):
            assert (attributes.get(name) or "#").startswith(("#", "data:")), (tag, attributes)
        assert tag in {"a", "use", "link", "path", "g"} or "href" not in attributes, (tag, attributes)
        assert not any(name.startswith("on") for name in attributes), (tag, attributes)
        assert "style" not in attributes, (tag, attributes)
    assert [link["href"] for link in parsed.all("link")] == ["data:,"]
    style = full[full.index("<style>") : full.index("</style>")]
    assert "url(" not in style
    assert "@import" not in style


def test_the_policy_allows_no_script_no_address_and_only_the_pages_own_styles(full: str, parsed: Page) -> None:
    (policy,) = [meta["content"] or "" for meta in parsed.all("meta") if "http-equiv" in meta]
    style = re.search(r"<style>(.*?)</style>", full, re.DOTALL)
    assert style is not None
    digest = base64.b64encode(hashlib.sha256(style.group(1).encode()).digest()).decode()
    assert policy.split("; ") == [
        "default-src 'none'",
        f"style-src 'sha256-{digest}'",
        "img-src data:",
        "base-uri 'none'",
        "form-action 'none'",
    ]


def test_every_id_is_there_once_and_every_reference_leads_somewhere(parsed: Page) -> None:
    ids = [attributes["id"] for _, attributes in parsed.elements if attributes.get("id")]
    assert len(ids) == len(set(ids))
    for _, attributes in parsed.elements:
        for name, value in attributes.items():
            if name in {"href", "xlink:href"} and (value or "").startswith("#"):
                assert (value or "")[1:] in ids
            if name in {"aria-labelledby", "clip-path"}:
                assert (value or "").removeprefix("url(#").removesuffix(")") in ids


def test_links_lead_to_the_ui_and_nowhere_else(parsed: Page) -> None:
    outward = {link["href"] or "" for link in parsed.all("a") if not (link["href"] or "").startswith("#")}
    assert all(address.startswith("http://127.0.0.1:3000/") for address in outward)
    assert "http://127.0.0.1:3000/assets/persisted_summary?view=partitions&partition=7" in outward


def test_every_figure_and_table_says_what_it_is(parsed: Page) -> None:
    figures = parsed.all("svg")
    assert len(figures) == len(parsed.all("figure")) == 5
    assert all(figure["role"] == "img" and figure["aria-labelledby"] for figure in figures)
    assert len(parsed.all("table")) == len(parsed.all("caption")) >= 6
    assert all(heading["scope"] in {"col", "row"} for heading in parsed.all("th"))


def test_figures_take_the_pages_colours_and_have_no_size_of_their_own(full: str, parsed: Page) -> None:
    for figure in parsed.all("svg"):
        assert "width" not in figure
        assert (figure.get("viewbox") or "").startswith("0 0 420 ")
    for drawn in re.findall(r"<svg.*?</svg>", full, re.DOTALL):
        assert "#010a0" not in drawn
        painted = set(re.findall(r'(?:fill|stroke)="([^"]*)"', drawn))
        assert painted <= {"none", "currentColor"} | {each for each in painted if each.startswith("var(--")}, painted


def test_a_page_without_data_says_so_and_is_whole() -> None:
    page = Page(render_html(report()))
    assert "No summary was written on this day." in page.text
    assert "There were no failures and no dead letters either" in page.text


def test_a_page_without_summaries_tells_of_a_batch_that_was_paid() -> None:
    page = Page(render_html(report(batches=(BatchBill(NEW, Spent(3, 120, 12, 2.5, batch_calls=3)),))))
    assert "Batches were paid for, though" in page.text
    assert page.text.count("$2.50") == 3  # in all, in its line, and of that by batch


def test_a_summary_without_a_price_makes_no_other_ones_price_unknown() -> None:
    free, unpriced = row(1, spent_before=Spent(3, 120, 12, 0.5)), row(2, spent=Spent(3, 120, 12, None))
    assert "price unknown" not in render_html(report(free, unpriced))
    assert "price unknown" in render_html(report(unpriced))


def test_a_batch_without_a_price_makes_no_summarys_price_unknown() -> None:
    unpriced = BatchBill(NEW, Spent(3, 120, 12, None, batch_calls=3))
    assert "price unknown" not in render_html(report(row(1, variant=NEW), batches=(unpriced,)))
    assert "price unknown" in render_html(report(batches=(unpriced,)))


def test_a_page_names_the_scorer_with_its_version() -> None:
    page = Page(render_html(report(row(1, scorer="offline/2", components={"support": 0.7}))))
    assert "Scored by offline/2." in page.text


def test_a_page_of_one_summary_without_a_score_is_whole() -> None:
    page = Page(render_html(report(row(1, None))))
    assert "No summary of this day has a score." in page.text
    assert "no scores" in page.text


def test_names_with_dollars_and_control_characters_do_not_break_a_figure() -> None:
    strange = type(NEW)("$\\frac{x}$ \x00\x1b<m>", "bbb")
    page = Page(render_html(report(row(1, variant=strange), previous=(row(2, created_at=NOON - timedelta(days=1)),))))
    assert "$\\frac{x}$ \ufffd" in page.text


def test_the_same_report_is_the_same_page_and_the_same_picture() -> None:
    made = report(row(1, 0.4), row(2, 0.9))
    assert render_html(made) == render_html(made)
    assert render_main_plot(made) == render_main_plot(made)


def test_the_main_plot_is_a_small_png() -> None:
    picture = render_main_plot(report(row(1)))
    assert picture.startswith(b"\x89PNG\r\n")
    assert len(picture) < 60_000
