"""What summarizing again asks the model for, counted by the model's server."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import dagster as dg
import httpx
import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from summary_pipeline.build import build_defs
from summary_pipeline.database.own_models import SummaryVersion
from summary_pipeline.local.offline_openai import OfflineOpenAI
from summary_pipeline.summarization import call_shapes, prompts
from summary_pipeline_tests.defs.platform import TALK, Platform, snippets

pytestmark = pytest.mark.servers


@pytest.fixture
def new_video(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> Platform:
    """A platform on which video 7, which makes several chunks, waits for its summary."""
    monkeypatch.setenv("SUMMARY_CHUNK_TOKENS", "100")
    rebuilt = replace(platform, defs=build_defs())
    # Of its own words, so that no other test has paid for its chunks.
    rebuilt.add_video(7, snippets(TALK + TALK.replace("bicycle", "wagon").replace("ball", "peg")))
    rebuilt.instance.add_dynamic_partitions("videos", ["7"])
    return rebuilt


@pytest.fixture
def long_video(new_video: Platform) -> Platform:
    """A platform on which video 7 has been summarized in several chunks."""
    assert new_video.summarize(7).success
    assert new_video.document(7)["provenance"]["chunk_count"] > 1
    return new_video


def calls(server: OfflineOpenAI) -> Counter[str]:
    """Return how many calls the server has answered, by the schema of their answer; parts are answered without one."""
    control = server.base_url.removesuffix("/v1")
    stats = httpx.get(f"{control}/_control/stats").raise_for_status().json()
    return Counter(stats["admitted_by_schema"])


@contextmanager
def refused(server: OfflineOpenAI, schema: str) -> Iterator[None]:
    """Let the server refuse all calls for answers of a schema, until the context ends."""
    behaviour = f"{server.base_url.removesuffix('/v1')}/_control/behaviour"
    fault = {"kind": "error", "status": 400, "schema_name": schema}
    httpx.post(behaviour, json={"faults": [fault]}).raise_for_status()
    try:
        yield
    finally:
        httpx.delete(behaviour).raise_for_status()


def test_nothing_changed_costs_nothing(long_video: Platform, openai_server: OfflineOpenAI) -> None:
    before = calls(openai_server)
    assert long_video.summarize(7).success
    assert calls(openai_server) == before


def test_a_changed_last_prompt_costs_one_call_a_video_and_no_chunk(
    long_video: Platform, openai_server: OfflineOpenAI, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = prompts.final_instructions
    monkeypatch.setattr(prompts, "final_instructions", lambda *given: f"{usual(*given)} Be kind.")
    call_shapes.final_shape.cache_clear()
    before = calls(openai_server)
    assert long_video.summarize(7).success
    call_shapes.final_shape.cache_clear()
    assert calls(openai_server) - before == Counter({"final_summary": 1})
    provenance = long_video.document(7)["provenance"]
    assert (provenance["usage"]["calls"], provenance["stored_answers"]) == (1, provenance["chunk_count"])


def test_a_changed_map_prompt_pays_for_every_chunk(
    long_video: Platform, openai_server: OfflineOpenAI, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = prompts.map_instructions
    monkeypatch.setattr(prompts, "map_instructions", lambda *given: f"{usual(*given)} Be kind.")
    call_shapes.partial_shape.cache_clear()
    before = calls(openai_server)
    assert long_video.summarize(7).success
    call_shapes.partial_shape.cache_clear()
    chunks = long_video.document(7)["provenance"]["chunk_count"]
    assert (calls(openai_server) - before)["none"] == chunks


def materialize(platform: Platform, *assets: str) -> None:
    """Make some assets of video 7, of what is stored of the others."""
    result = platform.defs.resolve_job_def("summarize_video").execute_in_process(
        instance=platform.instance, partition_key="7", asset_selection=[dg.AssetKey(name) for name in assets]
    )
    assert result.success


def materialize_alone(platform: Platform, *assets: str) -> dict[str, Any]:
    """Make some assets, the last one among them; return the new document's provenance."""
    materialize(platform, *assets)
    provenance: dict[str, Any] = platform.document(7)["provenance"]
    return provenance


def summarizing_job() -> dg.JobDefinition:
    return build_defs().resolve_job_def("summarize_video")


def reexecute_from_failure(platform: Platform, run_id: str) -> dict[str, Any]:
    """Go on with a run that failed, as the UI's button does; return the new document's provenance."""
    options = dg.ReexecutionOptions.from_failure(run_id, platform.instance)
    job = dg.reconstructable(summarizing_job)
    tags = {"dagster/partition": "7"}
    with dg.execute_job(job, platform.instance, reexecution_options=options, tags=tags) as result:
        assert result.success
    provenance: dict[str, Any] = platform.document(7)["provenance"]
    return provenance


def paid_calls(platform: Platform) -> int:
    """Return how many calls all versions of the video's summary say were paid for them."""
    with Session(platform.engine) as session:
        found = session.scalars(select(SummaryVersion.model_info))
        return sum(info["provenance"]["usage"]["calls"] for info in found if info is not None)


def test_chunks_that_an_earlier_run_paid_are_not_counted_again_where_only_what_is_stale_is_made_again(
    long_video: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = long_video.document(7)["provenance"]
    usual = prompts.final_instructions
    monkeypatch.setattr(prompts, "final_instructions", lambda *given: f"{usual(*given)} Be brief.")
    call_shapes.final_shape.cache_clear()
    again = materialize_alone(long_video, "final_summary", "persisted_summary")
    call_shapes.final_shape.cache_clear()
    assert (again["usage"]["calls"], again["stored_answers"]) == (1, again["chunk_count"])
    assert again["stored_usage"]["input_tokens"] > 0
    assert paid_calls(long_video) == first["usage"]["calls"] + 1


def test_a_summary_that_is_only_saved_again_is_not_paid_again(long_video: Platform) -> None:
    first = long_video.document(7)["provenance"]
    again = materialize_alone(long_video, "persisted_summary")
    assert again["usage"]["calls"] == 0
    assert again["stored_usage"] == {**first["usage"]}
    assert again["stored_answers"] == first["usage"]["calls"] == first["chunk_count"] + 1
    assert paid_calls(long_video) == first["usage"]["calls"]


def test_a_run_that_failed_at_its_last_call_and_is_gone_on_with_twice_counts_its_chunks_once(
    new_video: Platform, openai_server: OfflineOpenAI
) -> None:
    with refused(openai_server, "final_summary"):
        failed = new_video.summarize(7)
    assert not failed.success
    first = reexecute_from_failure(new_video, failed.run_id)
    assert first["usage"]["calls"] == first["chunk_count"] + 1
    again = reexecute_from_failure(new_video, failed.run_id)
    assert (again["usage"]["calls"], again["stored_answers"]) == (0, again["chunk_count"] + 1)
    assert paid_calls(new_video) == first["usage"]["calls"]


def test_chunks_that_a_run_of_its_own_paid_count_in_the_summary_that_is_made_of_them(new_video: Platform) -> None:
    materialize(new_video, "transcript", "chunks", "chunk_summaries")
    made = materialize_alone(new_video, "final_summary", "persisted_summary")
    assert (made["usage"]["calls"], made["stored_answers"]) == (made["chunk_count"] + 1, 0)
    assert paid_calls(new_video) == made["usage"]["calls"]


def test_a_summary_that_a_run_of_its_own_saves_counts_what_it_is_made_of_once(new_video: Platform) -> None:
    materialize(new_video, "transcript", "chunks", "chunk_summaries")
    materialize(new_video, "final_summary")
    saved = materialize_alone(new_video, "persisted_summary")
    again = materialize_alone(new_video, "final_summary", "persisted_summary")
    assert (saved["usage"]["calls"], again["usage"]["calls"]) == (saved["chunk_count"] + 1, 0)
