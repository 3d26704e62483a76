"""Two sides on the same videos."""

import pytest
from sqlalchemy import Engine

from summary_pipeline.report.comparison import Comparison, compare
from summary_pipeline.report.comparison_page import (
    render_comparison_html,
    render_comparison_json,
    render_comparison_text,
)
from summary_pipeline.report.comparison_queries import (
    ComparisonData,
    NothingToCompareError,
    Pair,
    Side,
    gather_comparison,
)
from summary_pipeline.report.data import Spent, SummaryRow, Texts
from summary_pipeline_tests.report.history import AGAIN, HOSTILE_SUMMARY, HOSTILE_TITLE, add_history, summarize_again
from summary_pipeline_tests.report.test_page import Page
from summary_pipeline_tests.report.values import GENERATED_AT, NEW, OLD, row

A, B = Side(prompt_version=OLD.prompt_version), Side(prompt_version=NEW.prompt_version)
BEFORE = "3f9a1c0b77de"


def pair(video_id: int, a: float | None, b: float | None, **changes: object) -> Pair:
    def side(score: float | None, first_id: int) -> SummaryRow:
        return row(video_id, score, **{"id": first_id + video_id, **changes})

    return Pair(side(a, 0), side(b, 1000))


def of(*pairs: Pair, texts: dict[int, Texts] | None = None) -> Comparison:
    return compare(ComparisonData(A, B, pairs, texts or {}), generated_at=GENERATED_AT)


def test_a_better_side_is_told_with_its_interval_and_p() -> None:
    found = of(*(pair(number, 0.5, 0.6 + number / 200) for number in range(1, 13)))
    assert (found.videos, found.better, found.worse, found.equal) == (12, 12, 0, 0)
    assert found.difference is not None
    assert found.difference.excludes_zero
    assert found.difference.value == pytest.approx(0.1325)
    assert found.p_value is not None
    assert found.p_value < 0.01
    assert "B scores higher." in render_comparison_text(found)


def test_no_difference_is_told_as_such() -> None:
    found = of(*(pair(number, 0.6, 0.6 + (-1) ** number * 0.02) for number in range(1, 13)))
    assert "no difference is shown" in render_comparison_text(found)


def test_scores_that_look_the_same_count_as_equal() -> None:
    found = of(pair(1, 0.6, 0.604), pair(2, 0.6, 0.6), pair(3, 0.6, 0.61), pair(4, 0.6, 0.59))
    assert (found.better, found.worse, found.equal) == (1, 1, 2)


def test_a_video_without_a_score_on_one_side_is_counted_and_left_out() -> None:
    found = of(pair(1, None, 0.9), pair(2, 0.5, 0.6))
    assert (found.videos, found.unscored) == (2, 1)
    assert found.differences == pytest.approx([0.1])


def test_without_any_score_there_is_still_a_comparison_of_cost() -> None:
    found = of(pair(1, None, None, spent=Spent(1, 10, 10, 0.01)))
    assert found.difference is None
    assert found.cost_difference is not None
    assert "no video of which both sides have a score" in render_comparison_text(found)
    assert Page(render_comparison_html(found)).all("svg") == []


def test_one_video_tells_nothing() -> None:
    assert "One video tells nothing." in render_comparison_text(of(pair(1, 0.2, 0.9)))


def test_scores_of_different_scorers_are_not_compared() -> None:
    first, second = row(1, 0.5, scorer="offline/1"), row(1, 0.9, id=2, scorer="offline/2")
    assert "can't be compared" in render_comparison_text(of(Pair(first, second)))


def test_examples_are_the_largest_gains_and_losses_with_both_texts() -> None:
    pairs = [pair(number, 0.5, 0.5 + (number - 8) / 20) for number in range(1, 17)]
    texts = {16: Texts("A title", "before"), 1016: Texts("A title", "after")}
    found = of(*pairs, texts=texts)
    assert [each.video_id for each in found.gains] == [16, 15, 14, 13, 12]
    assert [each.video_id for each in found.losses] == [1, 2, 3, 4, 5]
    assert (found.gains[0].title, found.gains[0].text_a, found.gains[0].text_b) == ("A title", "before", "after")


def test_cost_counts_answers_from_the_store_as_they_did_when_they_were_made() -> None:
    first = row(1, 0.5, spent=Spent(5, 100, 10, 0.05))
    second = row(1, 0.5, id=2, spent=Spent(1, 20, 10, 0.01), spent_before=Spent(4, 80, 8, 0.04))
    found = of(Pair(first, second))
    assert found.cost_difference is not None
    assert found.cost_difference.value == pytest.approx(0)
    assert (found.a.input_tokens, found.b.input_tokens) == (100, 100)


def test_a_component_is_compared_where_both_sides_have_it() -> None:
    first = row(1, 0.5, components={"support": 0.4, "names": None})
    second = row(1, 0.6, id=2, components={"support": 0.6, "names": 0.9})
    (component,) = of(Pair(first, second)).components
    assert (component.name, component.videos) == ("support", 1)
    assert component.difference.value == pytest.approx(0.2)


def test_the_page_shows_strangers_words_as_text_and_loads_nothing() -> None:
    texts = {1: Texts(HOSTILE_TITLE, HOSTILE_SUMMARY), 1001: Texts(HOSTILE_TITLE, HOSTILE_TITLE)}
    page = Page(render_comparison_html(of(pair(1, 0.5, 0.9), pair(2, 0.5, 0.4), texts=texts)))
    assert page.all("script") == page.all("img") == []
    assert page.text.count(HOSTILE_TITLE) == 2
    assert HOSTILE_SUMMARY in page.text
    assert all((link["href"] or "").startswith("data:") for link in page.all("link"))


def test_json_reads_back_as_the_comparison_that_was_written() -> None:
    found = of(pair(1, 0.5, 0.9), pair(2, None, 0.4))
    assert Comparison.model_validate_json(render_comparison_json(found)) == found


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (Side(model="m"), Side(model="m")),
        (Side(model="m"), Side(prompt_version="p")),
        (Side(model="m", prompt_version="p"), Side(model="m")),
    ],
)
def test_sides_that_may_hold_the_same_summary_are_refused(first: Side, second: Side) -> None:
    with pytest.raises(ValueError, match="overlap"):
        first.require_apart(second)


def test_a_side_of_everything_is_refused() -> None:
    with pytest.raises(ValueError, match="needs a model"):
        Side()


@pytest.mark.servers
def test_each_video_is_compared_by_its_newest_summary_of_each_side(engine: Engine) -> None:
    add_history(engine)
    summarize_again(engine, videos=5)
    summarize_again(engine, videos=4, seed=2)
    found = gather_comparison(engine, Side(prompt_version=BEFORE), Side(prompt_version=AGAIN))
    assert [each.a.video_id for each in found.pairs] == [1, 2, 3, 4, 5]
    assert [each.b.id > found.pairs[4].b.id for each in found.pairs] == [True] * 4 + [False]


@pytest.mark.servers
def test_only_the_videos_that_are_asked_for_are_compared(engine: Engine) -> None:
    add_history(engine)
    summarize_again(engine, videos=20)
    found = gather_comparison(
        engine, Side(prompt_version=BEFORE), Side(prompt_version=AGAIN), (range(3, 6), range(9, 10))
    )
    assert [each.a.video_id for each in found.pairs] == [3, 4, 5, 9]


@pytest.mark.servers
def test_where_no_video_has_both_the_versions_that_there_are_are_named(engine: Engine) -> None:
    add_history(engine)
    with pytest.raises(NothingToCompareError) as caught:
        gather_comparison(engine, Side(prompt_version=BEFORE), Side(prompt_version="none"))
    message = str(caught.value)
    assert "B (prompts none): 0 video(s)." in message
    assert f"  model gpt-6-luna, prompts {BEFORE}: " in message
    assert "  model gpt-6-luna-mini, prompts b81d24e90a53: " in message


@pytest.mark.servers
def test_an_empty_table_is_told_as_such(engine: Engine) -> None:
    with pytest.raises(NothingToCompareError, match="no summaries at all"):
        gather_comparison(engine, A, B)
