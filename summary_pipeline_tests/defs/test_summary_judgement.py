"""The judge in real runs, before the offline server: what it leaves, and that it never harms a summary."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from summary_pipeline.build import build_defs
from summary_pipeline.database.own_models import SummaryJudgement
from summary_pipeline.local.ports import free_port
from summary_pipeline.resources.database import Database
from summary_pipeline.resources.object_store import ObjectStore, ObjectStoreError
from summary_pipeline.summarization.quality.judge_questions import CRITERIA
from summary_pipeline_tests.defs.platform import Platform, snippets

pytestmark = pytest.mark.servers

MODEL = "extractive-offline"


@pytest.fixture
def judging(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> Platform:
    monkeypatch.setenv("SUMMARY_JUDGE_MODEL", MODEL)
    return replace(platform, defs=build_defs())


def registered(monkeypatch: pytest.MonkeyPatch, folder: Path, **fields: object) -> None:
    """Describe the judge's model otherwise than the built-in registry does."""
    path = folder / "models.json"
    path.write_text(json.dumps({MODEL: fields}))
    monkeypatch.setenv("SUMMARY_MODEL_REGISTRY", str(path))


def judgements(platform: Platform) -> list[SummaryJudgement]:
    with Session(platform.engine) as session:
        return list(session.scalars(select(SummaryJudgement).order_by(SummaryJudgement.id)))


def shown(result: dg.ExecuteInProcessResult) -> Mapping[str, Any] | None:
    """Return the values of the judgement's materialization, None where there is none."""
    for event in result.all_events:
        if event.is_step_materialization and event.asset_key == dg.AssetKey("summary_judgement"):
            metadata = event.step_materialization_data.materialization.metadata
            return {name: value.value for name, value in metadata.items()}
    return None


def assert_saved_without_a_judgement(platform: Platform, result: dg.ExecuteInProcessResult, error: str) -> str:
    """Check that the run succeeded, the summary has its offline score, and the page says what went wrong."""
    assert result.success
    row = platform.summary(7)
    assert row is not None
    assert row.quality_score is not None
    assert platform.video(7).status == "indexing"
    assert judgements(platform) == []
    metadata = shown(result)
    assert metadata is not None
    assert (metadata["result"], metadata["error"]) == ("not judged", error)
    return str(metadata["reason"])


def test_a_saved_summary_is_judged_by_criteria(judging: Platform) -> None:
    result = judging.summarize(7, judging.add_video(7, snippets()))
    assert result.success
    (row,) = judgements(judging)
    (event,) = judging.outbox()
    assert (row.video_id, row.summarized_event_id, row.judge) == (7, event.id, f"{MODEL} judge/1")
    assert set(row.criteria) == set(CRITERIA)
    assert row.score == pytest.approx(sum(row.criteria.values()) / len(CRITERIA), abs=1e-3)
    metadata = shown(result)
    assert metadata is not None
    assert metadata["score"] == row.score
    assert metadata["model_calls"] == len(CRITERIA)
    saved = judging.summary(7)
    assert saved is not None
    assert metadata["offline_score"] == saved.quality_score


def test_samples_and_probabilities_come_to_the_same_on_a_real_wire(
    judging: Platform, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    judging.summarize(7, judging.add_video(7, snippets()))
    registered(monkeypatch, tmp_path, supports_logprobs=False)
    sampled = replace(judging, defs=build_defs())
    sampled.summarize(8, sampled.add_video(8, snippets()))
    by_probability, by_samples = judgements(judging)
    for name in CRITERIA:
        assert by_samples.criteria[name] == pytest.approx(by_probability.criteria[name], abs=0.02)


def test_without_a_model_there_is_no_judge_in_the_graph(platform: Platform, judging: Platform) -> None:
    judgement = dg.AssetKey("summary_judgement")
    assert not platform.defs.resolve_asset_graph().has(judgement)
    assert judging.defs.resolve_asset_graph().has(judgement)
    result = platform.summarize(7, platform.add_video(7, snippets()))
    assert result.success
    assert judgements(platform) == []


def test_what_is_not_sampled_is_not_judged(judging: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUMMARY_JUDGE_SHARE", "0")
    result = judging.summarize(7, judging.add_video(7, snippets()))
    assert result.success
    metadata = shown(result)
    assert metadata is not None
    assert metadata["result"] == "not judged"
    assert "share of 0 " in metadata["reason"]
    assert judgements(judging) == []


def test_a_summary_is_judged_once_and_its_successor_again(judging: Platform) -> None:
    judging.summarize(7, judging.add_video(7, snippets()))
    again = judging.defs.resolve_job_def("summarize_video").execute_in_process(
        instance=judging.instance, partition_key="7", asset_selection=[dg.AssetKey("summary_judgement")]
    )
    assert again.success
    metadata = shown(again)
    assert metadata is not None
    assert "before" in metadata["reason"]
    assert len(judgements(judging)) == 1
    judging.summarize(7)
    assert len(judgements(judging)) == 2


def test_a_repeated_event_judges_nothing(judging: Platform) -> None:
    origin = judging.add_video(7, snippets())
    judging.summarize(7, origin)
    assert shown(judging.summarize(7, origin)) is None
    assert len(judgements(judging)) == 1


def test_a_cost_limit_stops_the_judge_before_it_spends(
    judging: Platform, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    registered(monkeypatch, tmp_path, price={"input": 10.0, "cached_input": 1.0, "output": 50.0})
    monkeypatch.setenv("SUMMARY_JUDGE_MAX_COST_PER_DAY_USD", "0.0001")
    limited = replace(judging, defs=build_defs())
    result = limited.summarize(7, limited.add_video(7, snippets()))
    reason = assert_saved_without_a_judgement(limited, result, "CostLimitError")
    assert "SUMMARY_JUDGE_MAX_COST_PER_DAY_USD" in reason
    assert "$0.0000 are spent" in reason


def test_what_judging_costs_is_kept(judging: Platform, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    registered(monkeypatch, tmp_path, price={"input": 10.0, "cached_input": 1.0, "output": 50.0})
    monkeypatch.setenv("SUMMARY_JUDGE_MAX_COST_PER_DAY_USD", "5")
    priced = replace(judging, defs=build_defs())
    priced.summarize(7, priced.add_video(7, snippets()))
    (row,) = judgements(priced)
    assert row.cost_usd is not None
    assert 0 < row.cost_usd < 0.1


def test_a_judge_that_cannot_be_reached_leaves_the_offline_score(
    judging: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    judging.summarize(1, judging.add_video(1, snippets()))
    with Session(judging.engine) as session:
        session.execute(delete(SummaryJudgement))
        session.commit()
    # The answers of the summary come from the store, so that only the judge meets the dead address.
    monkeypatch.setenv("OPENAI_BASE_URL", f"http://127.0.0.1:{free_port()}/v1")
    monkeypatch.setattr("summary_pipeline.defs.assets.summary_judgement.LONGEST_SECONDS", 0.5)
    result = judging.summarize(7, judging.add_video(7, snippets()))
    reason = assert_saved_without_a_judgement(judging, result, "TimeoutError")
    assert "took longer" in reason


def test_a_judgement_that_cannot_be_kept_leaves_the_offline_score(
    judging: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("secret")

    monkeypatch.setattr(Database, "record_judgement", broken)
    result = judging.summarize(7, judging.add_video(7, snippets()))
    reason = assert_saved_without_a_judgement(judging, result, "ZeroDivisionError")
    assert "secret" not in reason


def test_a_transcript_that_is_gone_leaves_the_offline_score(judging: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    read = ObjectStore.read

    def without_versions(store: ObjectStore, key: str, *, max_bytes: int) -> object:
        if "/versions/" in key:
            raise ObjectStoreError(f"{key} could not be read.")
        return read(store, key, max_bytes=max_bytes)

    monkeypatch.setattr(ObjectStore, "read", without_versions)
    result = judging.summarize(7, judging.add_video(7, snippets()))
    assert "could not be read" in assert_saved_without_a_judgement(judging, result, "ObjectStoreError")


def test_a_judge_past_its_end_date_leaves_the_offline_score(judging: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUMMARY_JUDGE_MODEL", "gpt-3.5-turbo")
    ended = replace(judging, defs=build_defs())
    result = ended.summarize(7, ended.add_video(7, snippets()))
    assert "shut down" in assert_saved_without_a_judgement(ended, result, "ModelEndedError")
