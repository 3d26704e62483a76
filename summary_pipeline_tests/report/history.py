"""A fortnight of a pipeline's life as rows: some four hundred summaries, failures, dead letters and judgements.

Always the same rows. The prompts change on the ninth day, the model on the thirteenth, and the twelfth is empty.
"""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cache
from hashlib import sha256
from typing import Any
from uuid import UUID

from sqlalchemy import Engine, insert

from summary_pipeline.database.models import Video
from summary_pipeline.database.own_models import (
    AnswerBatch,
    DeadLetter,
    SummaryJudgement,
    SummaryVersion,
    VideoStatusLog,
)
from summary_pipeline.local.demo_transcripts import sample_transcripts
from summary_pipeline.summarization.parsing import parse_transcript
from summary_pipeline.summarization.quality import COMPONENTS, SCORER
from summary_pipeline.summarization.sentences import split_sentences

LAST_DAY = date(2026, 11, 20)
DAYS = 14
EMPTY_DAY = 11
HOSTILE_TITLE = '<script>alert("title")</script> & <img src=x onerror=alert(1)> {{ 7 * 7 }}'
HOSTILE_SUMMARY = "It ends here.</blockquote><script>alert('summary')</script><style>*{display:none}</style>"
LANGUAGES = ("en", "en", "en", "en", "zh", "de", "ar")
"""Of the samples, in their order."""
REFUSAL = "As an AI language model, I cannot watch videos, but I would be happy to help with a transcript."
POLAR = (
    "Roald Amundsen's party left Framheim with four sledges and fifty-two dogs. Depots were laid the autumn before. "
    "They reached the pole on 14 December and were back after ninety-nine days."
)
BROKEN: tuple[tuple[float, tuple[str, ...], dict[str, list[str]], Callable[[str], str]], ...] = (
    (0.08, ("refusal", "too_short"), {"refusal": ["As an AI language model"]}, lambda _: REFUSAL),
    (0.22, ("off_topic", "unbacked_names"), {"unbacked_names": ["Roald Amundsen", "Framheim"]}, lambda _: POLAR),
    (0.31, ("repetition",), {}, lambda _: HOSTILE_SUMMARY),
    (0.38, ("map_leftovers", "preamble"), {"map_leftovers": ["Chunk 2:"]}, lambda text: f"Chunk 2: {text}"),
    (
        0.44,
        ("unbacked_numbers", "may_be_truncated"),
        {"unbacked_numbers": ["1987", "42 percent"]},
        lambda text: text[:200],
    ),
)
_REASONS = (
    "s3://videos/transcripts/{video}/transcript.json does not exist.",
    "Video {video} is still 'transcribing', and is summarized from 'summarizing' on. Nothing was written.",
    "The model declined to answer (content filter) in request 7c9e6679-7425-40de-944b-e07fc1f9{video:04}.",
    "transcripts/{video}/transcript.json: snippet {place} has no text.",
)


@dataclass(frozen=True)
class Topic:
    """What a video is about: a stretch of one of the samples."""

    title: str
    language: str
    transcript: str
    summary: str


def topic_of(video_id: int) -> Topic:
    return _topics()[video_id * 11 % len(_topics())]


@cache
def _topics() -> list[Topic]:
    """Each is some thirty sentences of a sample, and five of them are its summary."""
    topics = []
    for sample, language in zip(sample_transcripts(), LANGUAGES, strict=True):
        text = parse_transcript(sample.content, key=sample.file_name).text
        sentences = split_sentences(text.replace("\n", " "))
        for part, start in enumerate(range(0, len(sentences) - 9, 30), start=1):
            said = sentences[start : start + 30]
            summary = " ".join(said[place * len(said) // 5] for place in range(5))
            topics.append(Topic(f"{sample.title} ({part})", language, "\n".join(said), summary))
    return topics


def add_history(engine: Engine, *, last_day: date = LAST_DAY) -> None:
    """Write the rows, with times in UTC."""
    draw = random.Random(2026)  # noqa: S311 -- rows for tests
    versions = list(_versions(draw, last_day))
    with engine.begin() as connection:
        connection.execute(insert(Video), list(_videos(len(versions))))
        # In pieces: what is inserted together has its defaults worked out together.
        connection.execute(insert(SummaryVersion), versions)
        connection.execute(insert(SummaryJudgement), list(_judgements(draw, versions)))
        connection.execute(insert(VideoStatusLog), list(_failures(draw, last_day)))
        connection.execute(insert(DeadLetter), list(_dead_letters(last_day)))
        connection.execute(insert(AnswerBatch), list(_batches(last_day)))


AGAIN = "5ec0d9a71bb4"
"""The prompt version with which ``summarize_again`` has summaries written."""


def summarize_again(engine: Engine, *, videos: int = 60, seed: int = 1) -> None:
    """Give the first videos a second summary, by other prompts, and somewhat better on the whole."""
    draw = random.Random(seed)  # noqa: S311 -- rows for tests
    rows = []
    for video_id in range(1, videos + 1):
        row = _version(draw, video_id, LAST_DAY, DAYS - 2)
        score = None if row["quality_score"] is None else min(1.0, row["quality_score"] + draw.uniform(-0.04, 0.1))
        rows.append({**row, "model": "gpt-6-luna", "prompt_version": AGAIN, "quality_score": score})
    with engine.begin() as connection:
        connection.execute(insert(SummaryVersion), rows)


def _videos(count: int) -> Iterator[dict[str, Any]]:
    for video_id in range(1, count + 100):
        yield {
            "id": video_id,
            "title": HOSTILE_TITLE if video_id == 3 else topic_of(video_id).title,
            "description": "",
            "user_id": 1,
            "user_name": "someone",
            "key": f"uploads/{video_id}.mp4",
            "status": "ready",
        }


def _versions(draw: random.Random, last_day: date) -> Iterator[dict[str, Any]]:
    video_id = 0
    for number in range(DAYS):
        if number == EMPTY_DAY:
            continue
        day = last_day - timedelta(days=DAYS - 1 - number)
        for _ in range(draw.randint(24, 40)):
            video_id += 1
            yield _version(draw, video_id, day, number)


def _version(draw: random.Random, video_id: int, day: date, number: int) -> dict[str, Any]:
    model = "gpt-6-luna" if number < 12 or draw.random() < 0.3 else "gpt-6-luna-mini"
    prompts = "3f9a1c0b77de" if number < 8 else "b81d24e90a53"
    created = datetime.combine(day, time(), tzinfo=None) + timedelta(seconds=draw.randrange(86_400))
    components: dict[str, float | None] = {
        name: round(min(1.0, draw.betavariate(9, 2.2 if prompts.startswith("3f") else 1.5)), 4) for name in COMPONENTS
    }
    if draw.random() < 0.3:
        components["numbers"] = None
    known = [value for value in components.values() if value is not None]
    score, text = sum(known) / len(known), topic_of(video_id).summary
    flags: tuple[str, ...] = ()
    evidence: dict[str, list[str]] = {}
    if draw.random() < 0.05:
        score, flags, evidence, broken = draw.choice(BROKEN)
        text = broken(text)
    elif draw.random() < 0.12:
        flags = (draw.choice(("names_not_checked", "may_be_truncated", "unbacked_names")),)
    backfill = draw.random() < 0.06
    tokens = draw.randint(2_000, 60_000)
    calls = 1 + tokens // 8000
    priced = model != "gpt-6-luna-mini" or draw.random() < 0.8
    usage = {
        "calls": calls,
        "input_tokens": tokens,
        "output_tokens": 180 * calls,
        "cost_usd": round(tokens * (4e-7 if model == "gpt-6-luna" else 1e-7), 6) if priced else None,
    }
    stored = {"calls": 2, "input_tokens": 9000, "output_tokens": 300, "cost_usd": 0.0041} if backfill else None
    return {
        "video_id": video_id,
        "summarized_event_id": UUID(int=draw.getrandbits(128), version=4),
        "source_event_id": None if backfill else str(UUID(int=draw.getrandbits(128), version=4)),
        "source_event_ts": None if backfill else created - timedelta(seconds=draw.lognormvariate(3, 1.1) + 4),
        "run_id": str(UUID(int=draw.getrandbits(128), version=4)),
        "summary_text": text,
        "summary_path": f"summaries/{video_id}/summary.json",
        "quality_score": None if draw.random() < 0.01 else round(score, 4),
        "model": model,
        "prompt_version": prompts,
        "model_info": {
            "model": model,
            "language": topic_of(video_id).language,
            "quality": {
                "score": score,
                "components": components,
                "flags": list(flags),
                "evidence": evidence,
                "scorer": SCORER,
            },
            "provenance": {"usage": usage, "stored_usage": stored or {**usage, **dict.fromkeys(usage, 0)}},
        },
        "created_at": created,
    }


def _judgements(draw: random.Random, versions: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for version in versions:
        if draw.random() < 0.15 and version["quality_score"] is not None:
            score = 0.5 * version["quality_score"] + 0.4 + draw.uniform(-0.15, 0.1)
            yield {
                "video_id": version["video_id"],
                "summarized_event_id": version["summarized_event_id"],
                "judge": "gpt-6-sol",
                "score": round(min(1.0, max(0.0, score)), 4),
                "criteria": {},
                "cost_usd": 0.002,
                "created_at": version["created_at"] + timedelta(minutes=2),
            }


def _failures(draw: random.Random, last_day: date) -> Iterator[dict[str, Any]]:
    for number in range(40):
        video_id = 500 + number
        day = last_day - timedelta(days=draw.randrange(DAYS))
        reason = draw.choices(_REASONS, weights=(6, 3, 2, 1))[0]
        kept = draw.random() < 0.15
        yield {
            "video_id": video_id,
            "from_status": "ready" if kept else "summarizing",
            "to_status": "ready" if kept else "failed",
            "reason": reason.format(video=video_id, place=draw.randrange(90)),
            "event_id": None,
            "run_id": str(UUID(int=draw.getrandbits(128), version=4)),
            "created_at": datetime.combine(day, time()) + timedelta(seconds=draw.randrange(86_400)),
        }


def _dead_letters(last_day: date) -> Iterator[dict[str, Any]]:
    for number in range(5):
        yield {
            "cluster_id": "a-cluster",
            "topic": "video.transcribed",
            "partition": number % 2,
            "offset": 900 + number,
            "event_id": None,
            "video_id": None,
            "message_key": None,
            "message_value": b"{",
            "value_sha256": sha256(b"{").hexdigest(),
            "message_headers": [],
            "stage": "parse",
            "error_class": "InvalidEventError",
            "reason": f"videoId: Input should be a valid integer, at offset {900 + number}",
            "created_at": datetime.combine(last_day - timedelta(days=number), time(9)),
            "replays": number % 2,
            "replayed_at": None,
        }


def _batches(last_day: date) -> Iterator[dict[str, Any]]:
    """One at each of two noons, of summaries that were asked for again."""
    for back in range(2):
        yield {
            "state": "settled",
            "video_ids": list(range(1, 13)),
            "model": "gpt-6-luna",
            "prompt_version": "b81d24e90a53",
            "requests": 40,
            "answers_kept": 40,
            "answered_by": "gpt-6-luna",
            "answered_calls": 40,
            "input_tokens": 310_000,
            "output_tokens": 7_200,
            "spent_usd": 0.062,
            "answered_at": datetime.combine(last_day - timedelta(days=back), time(12)),
        }
