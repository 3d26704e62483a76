"""The verdicts of a real run, and what a blocking one stops."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

import dagster as dg
import pytest

from summary_pipeline.build import build_defs
from summary_pipeline.database.errors import TransientDatabaseError
from summary_pipeline.defs import checks
from summary_pipeline.defs.failure_sensor import failure_reason
from summary_pipeline.resources.database import Database
from summary_pipeline.summarization.parameters import SummarizationParameters
from summary_pipeline.summarization.quality import COMPONENTS, FLAGS, SCORER, score, stored_score
from summary_pipeline.summarization.quality.verdicts import Verdict
from summary_pipeline.summarization.summarizer import Summarizer
from summary_pipeline.summarization.summary import ChunkSummaries, FinalSummary
from summary_pipeline_tests.defs.platform import TALK, Platform, snippets
from summary_pipeline_tests.summarization.scripted_model import ScriptedModel, completion

MALFORMED = 'The council keeps the tram. "key_points": []'
REFUSAL = "I'm sorry, but I can't help with summarizing this content."


@dataclass(frozen=True)
class ScriptedSummarizer:
    """Opens real summarizers before a model whose last answers have these ``sentences``."""

    sentences: tuple[str, ...]
    chunks_lost: int = 0

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Summarizer]:
        answer = {"sentences": self.sentences, "key_points": [], "chapters": [], "topics": [], "language": "en"}
        model = ScriptedModel(lambda asked: completion(asked, answer))
        kind = Forgetful if self.chunks_lost else Summarizer
        yield kind(model, parameters=SummarizationParameters())


class Forgetful(Summarizer):
    """Makes final summaries that do not stand for all of the transcript."""

    async def reduce(self, partials: ChunkSummaries) -> FinalSummary:
        final = await super().reduce(partials)
        covered = final.provenance.covered_tokens - 3
        provenance = final.provenance.model_copy(update={"covered_tokens": covered, "coverage": 0.9})
        return final.model_copy(update={"provenance": provenance})


def with_answers(platform: Platform, *sentences: str, chunks_lost: int = 0) -> Platform:
    summarizer = ScriptedSummarizer(sentences, chunks_lost)
    return replace(platform, defs=build_defs(resources={"summarizer": summarizer}))


def evaluations(result: dg.ExecuteInProcessResult) -> dict[str, dg.AssetCheckEvaluation]:
    found = [event.event_specific_data for event in result.all_events]
    return {data.check_name: data for data in found if isinstance(data, dg.AssetCheckEvaluation)}


def materialized(result: dg.ExecuteInProcessResult) -> dict[str, Mapping[str, Any]]:
    return {
        event.asset_key.to_user_string(): event.step_materialization_data.materialization.metadata
        for event in result.all_events
        if event.is_step_materialization and event.asset_key is not None
    }


def said(evaluation: dg.AssetCheckEvaluation) -> str:
    return str(evaluation.metadata["reason"].value)


def reason(result: dg.ExecuteInProcessResult) -> str:
    return failure_reason([event for event in result.all_events if event.is_step_failure], result.run_id)


@pytest.mark.servers
def test_every_check_has_a_verdict_on_every_video(platform: Platform) -> None:
    result = platform.summarize(7, replace(platform.add_video(7, snippets()), snippet_count=8))
    found = evaluations(result)
    assert list(found) == [check.name for check in checks.CHECKS]
    assert {name for name, evaluation in found.items() if not evaluation.passed} <= {"score_above_threshold"}
    for evaluation in found.values():
        assert evaluation.metadata["video"].value == "7"
        # What the list of all videos' verdicts shows of each.
        assert evaluation.description == f"Video 7: {said(evaluation)}"
        assert evaluation.metadata["reason"].value


@pytest.mark.servers
def test_a_videos_own_page_shows_its_verdicts(platform: Platform) -> None:
    result = platform.summarize(7, platform.add_video(7, snippets()))
    shown = {
        record.data["check"]: record.data["verdict"]
        for metadata in materialized(result).values()
        if "checks" in metadata
        for record in metadata["checks"].records
    }
    assert list(shown) == [check.name for check in checks.CHECKS]
    assert shown["coverage_complete"] == "passed"


@pytest.mark.servers
def test_a_videos_own_page_shows_what_its_score_is_made_of(platform: Platform) -> None:
    scripted = with_answers(platform, "Der Hund lief über die Straße und war mit der Katze auf dem Dach nicht allein.")
    shown = materialized(scripted.summarize(7, platform.add_video(7, snippets())))["persisted_summary"]
    quality = platform.document(7)["quality"]
    components = {record.data["component"]: record.data for record in shown["quality_components"].records}
    assert {name: data["meaning"] for name, data in components.items()} == COMPONENTS
    assert components["form"]["value"] == f"{quality['components']['form']:.2f}"
    flags = {record.data["flag"]: record.data["meaning"] for record in shown["quality_flags"].records}
    assert flags == {name: FLAGS[name] for name in quality["flags"]}
    assert "wrong_language" in flags
    assert (shown["quality_score"].value, shown["quality_scorer"].value) == (quality["score"], SCORER)


@pytest.mark.servers
def test_a_score_is_stored_with_its_parts_their_meaning_and_its_scorer(platform: Platform) -> None:
    platform.summarize(7, platform.add_video(7, snippets()))
    row = platform.summary(7)
    assert row is not None
    assert row.model_info is not None
    for quality in (row.model_info["quality"], platform.document(7)["quality"]):
        assert quality["score"] == row.quality_score
        assert quality["scorer"] == SCORER
        assert quality["meanings"] == {**COMPONENTS, **{flag: FLAGS[flag] for flag in quality["flags"]}}
        assert set(quality["components"]) == set(COMPONENTS)


@pytest.mark.servers
def test_a_malformed_summary_is_not_saved(platform: Platform) -> None:
    result = with_answers(platform, MALFORMED).summarize(7, platform.add_video(7, snippets()))
    assert not result.success
    assert not evaluations(result)["answer_well_formed"].passed
    assert {"final_summary", "persisted_summary"}.isdisjoint(materialized(result))
    assert platform.summary(7) is None
    assert platform.outbox() == []
    assert (
        "The summary was not saved. answer_well_formed: The answer is no summary: it holds remains of JSON."
        in reason(result)
    )


@pytest.mark.servers
def test_a_refusal_in_the_form_of_an_answer_is_told_as_one_and_not_saved(
    platform: Platform,
) -> None:
    result = with_answers(platform, REFUSAL).summarize(7, platform.add_video(7, snippets()))
    assert "declined to answer for the final summary" in reason(result)
    assert platform.summary(7) is None
    assert platform.outbox() == []


def save_alone(platform: Platform, video_id: int) -> dg.ExecuteInProcessResult:
    """Materialize the last asset alone, of what earlier runs stored, as a person may on its page."""
    return platform.defs.resolve_job_def("summarize_video").execute_in_process(
        instance=platform.instance,
        partition_key=str(video_id),
        asset_selection=[dg.AssetKey("persisted_summary")],
        raise_on_error=False,
    )


@pytest.mark.servers
def test_a_refused_summary_cannot_be_saved_by_materializing_the_last_asset_alone(platform: Platform) -> None:
    scripted = with_answers(platform, MALFORMED)
    scripted.summarize(7, platform.add_video(7, snippets()))
    alone = save_alone(scripted, 7)
    assert not alone.success
    assert "pipeline/assets/final_summary/7.json does not exist" in reason(alone)
    assert platform.video(7).status == "summarizing"
    assert platform.summary(7) is None
    assert platform.outbox() == []


@pytest.mark.servers
def test_a_refused_summary_does_not_replace_the_accepted_one_that_is_stored(platform: Platform) -> None:
    platform.summarize(7, platform.add_video(7, snippets()))
    accepted = platform.document(7)["summary"]
    with_answers(platform, MALFORMED).summarize(7)
    assert save_alone(platform, 7).success
    assert platform.document(7)["summary"] == accepted


@pytest.mark.servers
def test_a_refused_summary_can_be_read_on_the_page_of_its_run(platform: Platform) -> None:
    result = with_answers(platform, MALFORMED).summarize(7, platform.add_video(7, snippets()))
    (failure,) = [event.step_failure_data.user_failure_data for event in result.all_events if event.is_step_failure]
    assert failure is not None
    assert "The council keeps the tram." in str(failure.metadata["refused_summary"].value)


@pytest.mark.servers
def test_an_incomplete_summary_is_not_saved(platform: Platform) -> None:
    scripted = with_answers(platform, *(f"{sentence}." for sentence in TALK.split(". ")[:5]), chunks_lost=1)
    result = scripted.summarize(7, platform.add_video(7, snippets()))
    assert not result.success
    assert platform.summary(7) is None
    assert "coverage_complete" in reason(result)
    assert not [event for event in result.all_events if event.is_step_up_for_retry]


@pytest.mark.servers
def test_warnings_do_not_stop_a_save(platform: Platform) -> None:
    scripted = with_answers(platform, "Der Hund lief über die Straße und war mit der Katze auf dem Dach nicht allein.")
    result = scripted.summarize(7, replace(platform.add_video(7, snippets()), snippet_count=99))
    assert result.success
    failed = {name: evaluation for name, evaluation in evaluations(result).items() if not evaluation.passed}
    assert {"snippet_count", "language", "length", "score_above_threshold"} <= set(failed)
    assert {evaluation.severity for evaluation in failed.values()} == {dg.AssetCheckSeverity.WARN}
    assert platform.video(7).status == "indexing"


@pytest.mark.servers
def test_a_repeated_event_has_nothing_to_judge(platform: Platform) -> None:
    origin = platform.add_video(7, snippets())
    platform.summarize(7, origin)
    again = platform.summarize(7, origin)
    assert again.success
    assert evaluations(again)["snippet_count"].passed
    assert materialized(again) == {}


@pytest.mark.servers
def test_a_score_is_compared_with_the_summaries_before_it(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUMMARY_SCORE_HISTORY", "3")
    for video_id in (1, 2, 3):
        found = evaluations(platform.summarize(video_id, platform.add_video(video_id, snippets())))
        assert "needed to compare" in said(found["score_near_median"])
    worse = with_answers(platform, "Nothing at all was found there.").summarize(4, platform.add_video(4, snippets()))
    assert "needed to compare" in said(evaluations(worse)["score_near_median"])  # of another model
    fourth = evaluations(platform.summarize(5, platform.add_video(5, snippets())))["score_near_median"]
    assert fourth.passed
    assert "median of the last 3" in said(fourth)


@pytest.mark.servers
def test_a_summary_that_cannot_be_scored_is_saved_without_a_score(
    platform: Platform, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(score, "_combined", broken)
    result = platform.summarize(7, platform.add_video(7, snippets()))
    assert result.success
    row = platform.summary(7)
    assert row is not None
    assert row.quality_score is None
    assert platform.document(7)["quality"]["flags"] == ["not_computed"]
    assert not evaluations(result)["score_above_threshold"].passed
    assert "could not be computed" in caplog.text


@pytest.mark.servers
def test_history_that_cannot_be_read_does_not_fail_a_saved_summary(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreachable(*_: object, **__: object) -> list[float]:
        raise TransientDatabaseError("PostgreSQL is gone.")

    monkeypatch.setattr(Database, "earlier_scores", unreachable)
    result = platform.summarize(7, platform.add_video(7, snippets()))
    assert result.success
    assert "PostgreSQL is gone." in said(evaluations(result)["score_near_median"])


def test_every_check_is_declared_with_its_meaning() -> None:
    specs = [spec for asset in ("transcript", "final_summary", "persisted_summary") for spec in checks.specs_of(asset)]
    assert len(specs) == len(checks.CHECKS)
    assert all(spec.description for spec in specs)
    assert {spec.name for spec in specs if spec.blocking} == {"coverage_complete", "answer_well_formed"}


def test_only_a_failed_blocking_check_stops_a_summary() -> None:
    bad, good = Verdict(passed=False, reason="It is bad."), Verdict(passed=True, reason="It is good.")
    assert not checks.is_blocked({checks.LANGUAGE: bad, checks.COVERAGE_COMPLETE: good})
    blocked = {checks.LANGUAGE: bad, checks.COVERAGE_COMPLETE: bad, checks.ANSWER_WELL_FORMED: good}
    assert checks.is_blocked(blocked)
    failure = checks.not_saved(blocked, refused="What it said.")
    assert failure.description == "The summary was not saved. coverage_complete: It is bad."
    assert not failure.allow_retries


def test_a_score_that_fails_says_so_in_what_is_stored(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RecursionError

    monkeypatch.setattr(score, "_combined", broken)
    stored = stored_score("Something was said.", "Something was said.", language=None)
    assert stored["score"] is None
    assert stored["evidence"] == {"not_computed": ["RecursionError"]}
    assert stored["meanings"] == {**COMPONENTS, "not_computed": FLAGS["not_computed"]}
