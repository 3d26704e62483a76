"""What summarizing again asks the model for, counted by the model's server."""

from collections import Counter
from dataclasses import replace

import httpx
import pytest

from summary_pipeline.build import build_defs
from summary_pipeline.local.offline_openai import OfflineOpenAI
from summary_pipeline.summarization import call_shapes, prompts
from summary_pipeline_tests.defs.platform import TALK, Platform, snippets

pytestmark = pytest.mark.servers


@pytest.fixture
def long_video(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> Platform:
    """A platform on which video 7 has been summarized in several chunks."""
    monkeypatch.setenv("SUMMARY_CHUNK_TOKENS", "100")
    rebuilt = replace(platform, defs=build_defs())
    # Of its own words, so that no other test has paid for its chunks.
    talk = TALK + TALK.replace("bicycle", "wagon").replace("ball", "peg")
    assert rebuilt.summarize(7, rebuilt.add_video(7, snippets(talk))).success
    assert rebuilt.document(7)["provenance"]["chunk_count"] > 1
    return rebuilt


def calls(server: OfflineOpenAI) -> Counter[str]:
    """Return how many calls the server has answered, by the schema of their answer; parts are answered without one."""
    control = server.base_url.removesuffix("/v1")
    stats = httpx.get(f"{control}/_control/stats").raise_for_status().json()
    return Counter(stats["admitted_by_schema"])


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
