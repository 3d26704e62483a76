"""What a report concludes from rows."""

import math
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from summary_pipeline.report.data import BatchBill, DeadLetterRow, FailureRow, JudgementRow, Spent, Texts, Variant
from summary_pipeline.report.flags import INFORMING_FLAGS
from summary_pipeline.summarization.quality import COMPONENTS, FLAGS
from summary_pipeline_tests.report.values import DAY, GENERATED_AT, NEW, OLD, report, row

NOON = row().created_at


def test_nothing_gives_a_report_of_zeros() -> None:
    made = report()
    assert made.counts.summaries == made.counts.failures == made.counts.dead_letters == 0
    assert (made.scores, made.latency, made.score_change) == (None, None, None)
    assert (made.worst, made.usage, made.changes, made.flags, made.judges) == ((), (), (), (), ())
    assert [component.computed for component in made.components] == [0] * len(COMPONENTS)


def test_one_summary_has_a_mean_and_no_interval() -> None:
    made = report(row(score=0.7))
    assert made.scores is not None
    assert (made.scores.mean.value, made.scores.mean.low, made.scores.median) == (0.7, None, 0.7)


def test_a_summary_without_a_score_is_counted_and_moves_no_mean() -> None:
    made = report(row(1, 0.6), row(2, None))
    assert (made.counts.summaries, made.counts.scored) == (2, 1)
    assert made.scores is not None
    assert made.scores.mean.value == 0.6


@given(st.lists(st.floats(0, 1), min_size=1, max_size=60))
def test_every_score_is_in_the_histogram_and_quantiles_are_in_order(scores: list[float]) -> None:
    made = report(*(row(number, score) for number, score in enumerate(scores, start=1)))
    assert made.scores is not None
    assert sum(made.scores.histogram) == len(scores)
    in_order = [made.scores.minimum, made.scores.p05, made.scores.p25, made.scores.median]
    in_order += [made.scores.p75, made.scores.p95, made.scores.maximum]
    assert all(before <= after + 1e-12 for before, after in pairwise(in_order))


def test_the_worst_are_the_lowest_scores_of_videos_last_summaries() -> None:
    rows = [row(number, 0.5 + number / 100) for number in range(1, 15)]
    replaced = replace(rows[3], id=100, score=0.99)
    made = report(*rows, replaced)
    assert [each.video_id for each in made.worst] == [1, 2, 3, 5, 6, 7, 8, 9, 10, 11]


def test_a_bad_summary_is_listed_with_its_reasons_and_where_to_look() -> None:
    bad = row(
        7,
        0.2,
        components={"support": 0.1, "order": 0.9, "names": None},
        flags=("off_topic", "unbacked_names"),
        evidence={"unbacked_names": ("Framheim",)},
        run_id="a/run",
        summary_path="summaries/7/summary.json",
    )
    (worst,) = report(bad, texts={7: Texts("A talk", "x" * 2000)}).worst
    assert [(reason.flag, reason.evidence) for reason in worst.reasons] == [
        ("off_topic", ()),
        ("unbacked_names", ("Framheim",)),
    ]
    assert worst.reasons[0].meaning == FLAGS["off_topic"]
    assert (worst.weakest_component, worst.weakest_value) == ("support", 0.1)
    assert worst.run_url == "http://127.0.0.1:3000/runs/a%2Frun"
    assert worst.partition_url == "http://127.0.0.1:3000/assets/persisted_summary?view=partitions&partition=7"
    assert worst.summary is not None
    assert len(worst.summary) < 700


def test_flags_that_only_inform_flag_no_summary() -> None:
    made = report(row(1, flags=("names_not_checked",)), row(2, flags=("refusal", "names_not_checked")))
    assert made.counts.flagged == 1
    assert [(flag.name, flag.count, flag.lowers_score) for flag in made.flags] == [
        ("names_not_checked", 2, False),
        ("refusal", 1, True),
    ]
    assert set(FLAGS) >= INFORMING_FLAGS


def test_it_is_told_by_which_scorers_the_scores_were_computed() -> None:
    made = report(
        row(1, scorer="offline/2"), row(2, scorer="offline/1"), row(3, scorer=None), row(4, scorer="offline/2")
    )
    assert made.scorers == ("offline/1", "offline/2")


def test_a_component_that_cannot_be_computed_is_left_out_of_its_mean() -> None:
    made = report(row(1, components={"names": None}), row(2, components={"names": 0.4}))
    (names,) = [component for component in made.components if component.name == "names"]
    assert (names.computed, names.mean) == (1, 0.4)


def test_failures_of_one_type_are_one_line() -> None:
    failures = [
        FailureRow(number, f"s3://b/transcripts/{number}/t.json does not exist.", NOON, None, kept=number == 3)
        for number in (1, 2, 3, 3)
    ]
    made = report(failures=(*failures, FailureRow(9, "The model declined.", NOON, None, kept=False)))
    assert [(each.type, each.count, each.videos, each.kept) for each in made.failures] == [
        ("<address> does not exist.", 4, 3, 2),
        ("The model declined.", 1, 1, 0),
    ]
    assert made.failures[0].example_video_ids == (1, 2, 3)
    assert (made.counts.failures, made.counts.failed_videos) == (5, 4)


def test_dead_letters_are_told_with_their_place() -> None:
    letters = (
        DeadLetterRow("video.transcribed", 1, 90, "parse", "InvalidEventError", "no id", NOON, 0),
        DeadLetterRow("video.transcribed", None, None, "sweep", "GivenUp", "3 runs", NOON, 1),
    )
    made = report(dead_letters=letters)
    assert [(each.stage, each.count, each.replayed, each.example_place) for each in made.dead_letters] == [
        ("parse", 1, 0, "video.transcribed[1]@90"),
        ("sweep", 1, 1, "not in Kafka: given up"),
    ]


def test_cost_is_what_was_paid_and_cost_a_summary_what_it_takes_from_nothing() -> None:
    made = report(
        row(1, spent=Spent(2, 100, 10, 0.02), spent_before=Spent(1, 50, 5, 0.01)),
        row(2, spent=Spent(1, 40, 10, 0.03)),
        row(3, spent=Spent(1, 7, 1, None)),
    )
    (line,) = made.usage
    assert (line.calls, line.input_tokens, line.output_tokens) == (4, 147, 21)
    assert line.cost_usd == pytest.approx(0.05)
    assert line.saved_usd == pytest.approx(0.01)
    assert line.cost_per_summary_usd == pytest.approx(0.03)
    assert line.unpriced == 1


def test_what_batches_cost_is_part_of_the_cost_and_not_saved() -> None:
    by_batch = Spent(2, 80, 8, 0.04, batch_calls=2)
    made = report(
        row(1, spent=Spent(1, 10, 1, 0.01), spent_before=by_batch),
        row(2, spent_before=Spent(4, 80, 8, 0.08, batch_calls=1)),
        batches=(BatchBill(OLD, Spent(3, 120, 12, 0.06, batch_calls=3)),),
    )
    (line,) = made.usage
    assert (line.calls, line.batch_calls, line.input_tokens, line.output_tokens) == (4, 3, 130, 13)
    assert line.cost_usd == pytest.approx(0.07)
    assert line.batch_cost_usd == pytest.approx(0.06)
    assert line.saved_usd == pytest.approx(0.06)


def test_a_batch_is_told_before_there_are_summaries_of_it() -> None:
    bill = BatchBill(NEW, Spent(3, 120, 12, 0.06, batch_calls=3))
    unpriced = BatchBill(NEW, Spent(1, 5, 1, None, batch_calls=1))
    first, second = report(row(1, spent=Spent(1, 10, 1, 0.01)), batches=(bill, unpriced)).usage
    assert (first.model, first.prompt_version, first.batch_calls) == (OLD.model, OLD.prompt_version, 0)
    assert (second.prompt_version, second.summaries, second.cost_per_summary_usd) == (NEW.prompt_version, 0, None)
    assert (second.cost_usd, second.unpriced) == (0.06, 1)


def test_usage_is_apart_by_model_and_prompt_version() -> None:
    made = report(
        row(1, variant=Variant("m", "p1")), row(2, variant=Variant("m", "p2")), row(3, variant=Variant("m", "p1"))
    )
    assert [(line.prompt_version, line.summaries) for line in made.usage] == [("p1", 2), ("p2", 1)]


def test_time_is_from_the_event_to_the_commit_and_backfills_have_none() -> None:
    rows = [
        row(number, source_event_id=f"e{number}", source_event_ts=NOON - timedelta(seconds=10 * number))
        for number in range(1, 11)
    ]
    made = report(*rows, row(11, source_event_ts=NOON - timedelta(days=300)))
    assert made.latency is not None
    assert (made.latency.count, made.latency.p50, made.latency.maximum) == (10, 55.0, 100.0)
    assert made.latency.p95 == pytest.approx(95.5)
    assert made.counts.backfilled == 1


def test_judges_are_told_beside_the_offline_score() -> None:
    rows = tuple(JudgementRow("judge", 0.5 + n / 20, 0.6 + n / 40, 0.01) for n in range(5))
    (line,) = report(row(), judgements=(*rows, JudgementRow("judge", 0.9, None, None))).judges
    assert line.judged == 6
    assert line.correlation == pytest.approx(1.0)
    assert line.cost_usd == pytest.approx(0.05)
    assert line.offline_mean == pytest.approx(0.65)


def test_the_score_is_compared_with_the_window_before() -> None:
    made = report(row(1, 0.9), row(2, 0.8), previous=(row(3, 0.5), row(4, 0.7)))
    assert made.score_change is not None
    assert made.score_change.value == pytest.approx(0.25)
    assert made.previous_summaries == 2


def test_no_number_of_a_report_is_nan() -> None:
    made = report(row(1, None), row(2, 0.5), previous=(row(3, 0.5),), judgements=(JudgementRow("j", 0.5, 0.5, None),))

    def numbers(value: object) -> list[float]:
        if isinstance(value, dict):
            return [number for item in value.values() for number in numbers(item)]
        if isinstance(value, list | tuple):
            return [number for item in value for number in numbers(item)]
        return [value] if isinstance(value, float) else []

    assert all(math.isfinite(number) for number in numbers(made.model_dump()))


def test_the_window_and_the_time_of_making_stand_in_the_report() -> None:
    made = report()
    assert (made.window.start, made.window.end, made.generated_at) == (DAY.start, DAY.end, GENERATED_AT)
