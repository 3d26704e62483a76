"""Transcripts that break summarizers, from bytes to summary, through the real client and a server with OpenAI's API."""

import json
from pathlib import Path
from typing import Any

import pytest
from openai import AsyncOpenAI

import summary_pipeline.local
from summary_pipeline.local.offline_openai import OfflineOpenAI
from summary_pipeline.resources.openai_language_model import OpenAILanguageModel
from summary_pipeline.summarization.model_registry import built_in_registry
from summary_pipeline.summarization.pacing import PacedModel
from summary_pipeline.summarization.parameters import SummarizationParameters
from summary_pipeline.summarization.parsing import parse_transcript
from summary_pipeline.summarization.summarizer import Summarizer
from summary_pipeline.summarization.summary import FinalSummary

pytestmark = pytest.mark.servers

SAMPLES = Path(summary_pipeline.local.__file__).with_name("samples")
LECTURE = json.loads((SAMPLES / "103-how-food-is-kept.json").read_text(encoding="utf-8"))["segments"]
ARABIC = (SAMPLES / "107-map-projections.txt").read_bytes()
CHINESE = (SAMPLES / "105-bees-in-winter.vtt").read_bytes()


def hours_of_speech(rounds: int) -> list[dict[str, Any]]:
    """Return the lecture again and again, each time with its own times and numbers."""
    length = LECTURE[-1]["end"] + 1
    return [
        {
            "text": f"{segment['text'].strip()} That was remark {number} of hour {round_}.",
            "start": segment["start"] + round_ * length,
            "duration": segment["end"] - segment["start"],
        }
        for round_ in range(rounds)
        for number, segment in enumerate(LECTURE)
    ]


async def summarize(
    server: OfflineOpenAI, document: bytes, key: str, model: str = "extractive-offline"
) -> FinalSummary:
    transcript = parse_transcript(document, key=key)
    async with AsyncOpenAI(base_url=server.base_url, api_key="any", timeout=60) as client:
        summarizer = Summarizer(
            PacedModel(OpenAILanguageModel(client)), parameters=SummarizationParameters(model=model)
        )
        return await summarizer.summarize(transcript)


def as_json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


@pytest.mark.parametrize(
    ("document", "key", "least_tokens"),
    [
        pytest.param(
            as_json([{"text": " ".join(item["text"] for item in hours_of_speech(3)), "start": 0, "duration": 6000}]),
            "one-snippet.json",
            30_000,
            id="a single snippet of more than 30,000 tokens",
        ),
        pytest.param(ARABIC, "arabic.txt", 700, id="Arabic"),
        pytest.param(CHINESE, "chinese.vtt", 1_500, id="Chinese"),
        pytest.param(
            as_json({"text": " ".join(item["text"] for item in LECTURE)}), "text.json", 9_000, id="text alone"
        ),
        pytest.param(as_json(hours_of_speech(33)), "marathon.json", 400_000, id="400,000 tokens"),
    ],
)
async def test_every_token_is_in_the_summary_and_chapters_are_in_order(
    openai_server: OfflineOpenAI, document: bytes, key: str, least_tokens: int
) -> None:
    final = await summarize(openai_server, document, key)
    assert final.provenance.transcript_tokens >= least_tokens
    assert final.provenance.covered_tokens == final.provenance.transcript_tokens
    assert final.provenance.coverage == 1.0
    assert 4 <= final.sentence_count <= 6
    starts = [chapter.start for chapter in final.chapters if chapter.start is not None]
    assert starts == sorted(starts)
    assert [chapter.snippet for chapter in final.chapters] == sorted(chapter.snippet for chapter in final.chapters)


async def test_what_is_sent_for_60_000_tokens_is_within_15_percent_of_them(openai_server: OfflineOpenAI) -> None:
    document = as_json(hours_of_speech(5))
    final = await summarize(openai_server, document, "long.json")
    tokens = final.provenance.transcript_tokens
    assert tokens > 55_000
    assert final.provenance.usage.input_tokens <= 1.15 * tokens


async def test_a_model_that_nobody_has_described_summarizes_too(openai_server: OfflineOpenAI) -> None:
    assert not built_in_registry().lookup("a-model-of-our-own").known
    final = await summarize(openai_server, as_json(hours_of_speech(2)), "long.json", model="a-model-of-our-own")
    assert final.provenance.coverage == 1.0
    assert final.provenance.chunk_count > 1
    assert 4 <= final.sentence_count <= 6
    assert final.chapters
