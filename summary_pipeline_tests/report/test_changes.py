"""Before and after."""

from datetime import timedelta

import pytest

from summary_pipeline.report.changes import changes
from summary_pipeline.report.data import UNKNOWN, SummaryRow, Variant
from summary_pipeline.report.document import Change
from summary_pipeline_tests.report.values import DAY, NEW, OLD, data, row

EARLIER = DAY.previous.start_utc + timedelta(hours=3)
OTHER_MODEL = Variant("gpt-6-luna-mini", OLD.prompt_version)


def old(number: int, score: float = 0.6, **changed: object) -> SummaryRow:
    return row(number, score, **{"created_at": EARLIER, "variant": OLD, **changed})


def new(number: int, score: float = 0.8, variant: Variant = NEW, **changed: object) -> SummaryRow:
    return row(number, score, variant=variant, **changed)


def of(*now: SummaryRow, before: tuple[SummaryRow, ...] = (), **changed: object) -> tuple[Change, ...]:
    return changes(data(*now, previous=before, **changed))


def test_new_prompts_are_compared_with_those_before_them() -> None:
    (change,) = of(new(3, 0.8), new(4, 0.9), before=(old(1, 0.5), old(2, 0.7)))
    assert change.changed == ("prompts",)
    assert (change.before.prompt_version, change.after.prompt_version) == (OLD.prompt_version, NEW.prompt_version)
    assert change.score is not None
    assert change.score.value == pytest.approx(0.25)
    assert change.score.low is not None
    assert (change.before.summaries, change.after.summaries) == (2, 2)


def test_another_model_is_a_change_of_model_only() -> None:
    (change,) = of(new(2, variant=OTHER_MODEL), before=(old(1),))
    assert change.changed == ("model",)


def test_nothing_new_is_no_change() -> None:
    assert of(new(2, variant=OLD), before=(old(1),)) == ()


def test_a_change_within_the_window_is_found() -> None:
    first = old(1, created_at=DAY.start_utc + timedelta(hours=1))
    assert len(of(first, new(2))) == 1


def test_two_that_were_both_in_use_for_long_are_no_change() -> None:
    long_ago = DAY.start_utc - timedelta(days=90)
    seen = {OLD: long_ago, NEW: long_ago + timedelta(days=1)}
    both = (old(1), new(2, created_at=EARLIER))
    assert of(old(3), new(4), before=both, first_seen=seen) == ()


def test_going_back_to_the_old_prompts_shows() -> None:
    long_ago = DAY.start_utc - timedelta(days=90)
    seen = {OLD: long_ago, NEW: long_ago + timedelta(days=1)}
    (change,) = of(row(3, variant=OLD), before=(new(1, created_at=EARLIER),), first_seen=seen)
    assert (change.before.prompt_version, change.after.prompt_version) == (OLD.prompt_version, NEW.prompt_version)


def test_what_was_gone_before_the_window_is_the_report_befores_to_tell() -> None:
    third = Variant(OLD.model, "cccccccccccc")
    seen = {OLD: EARLIER, NEW: EARLIER + timedelta(minutes=5), third: DAY.start_utc + timedelta(hours=12)}
    found = of(new(3, variant=third), before=(old(1), new(2, created_at=EARLIER)), first_seen=seen)
    assert [change.after.prompt_version for change in found] == ["cccccccccccc"]


def test_summaries_of_which_nothing_is_recorded_are_left_out() -> None:
    assert of(new(2), before=(old(1, variant=Variant(UNKNOWN, UNKNOWN)),)) == ()


def test_scores_of_different_scorers_are_told_apart() -> None:
    (change,) = of(new(2, scorer="offline/2"), before=(old(1, scorer="offline/1"),))
    assert change.scorers == ("offline/1", "offline/2")


def test_one_summary_on_a_side_has_no_interval() -> None:
    (change,) = of(new(2), before=(old(1),))
    assert change.score is not None
    assert change.score.low is None
