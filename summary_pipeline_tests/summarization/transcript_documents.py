"""Transcript documents in several forms, how tests read them, and what holds for all that was read.

Belongs here: what the tests of parsing share. Does not belong here: tests.
"""

import json

from summary_pipeline.summarization.parsing import UnreadableTranscriptError, parse_transcript
from summary_pipeline.summarization.transcript import Snippet, Transcript

KEY = "transcripts/7/transcript.json"

SNIPPETS = [
    {"text": "Hello there.", "start": 0.5, "duration": 2.0},
    {"text": "Goodbye.", "start": 3, "duration": 1.5},
]
SPOKEN = (Snippet(text="Hello there.", start=0.5, end=2.5), Snippet(text="Goodbye.", start=3.0, end=4.5))
VTT = """WEBVTT - Some title
Kind: captions
Language: en-GB

NOTE a comment
over two lines

STYLE
::cue { color: red }

intro
00:00.500 --> 00:02.500 align:start position:0%
Hello there.

00:00:03.000 --> 00:00:04.500
Goodbye.
"""
SRT = """1
00:00:00,500 --> 00:00:02,500
Hello there.

2
00:00:03,000 --> 00:00:04,500
Goodbye.
"""


def parse(document: object, *, key: str = KEY) -> Transcript:
    """Parse a document given as bytes, as text, or as what is to be JSON."""
    if isinstance(document, bytes):
        return parse_transcript(document, key=key)
    return parse_transcript((document if isinstance(document, str) else json.dumps(document)).encode(), key=key)


def texts(document: object, *, key: str = KEY) -> list[str]:
    return [snippet.text for snippet in parse(document, key=key).snippets]


def assert_normalized(transcript: Transcript) -> None:
    starts = [snippet.start for snippet in transcript.snippets if snippet.start is not None]
    assert starts == sorted(starts)
    assert transcript.snippets
    for snippet in transcript.snippets:
        assert snippet.text == " ".join(snippet.text.split()) != ""
        assert "\0" not in snippet.text
        snippet.text.encode()  # no lone surrogates
        assert snippet.start is None or 0 <= snippet.start <= 1e8
        if snippet.start is not None and snippet.end is not None:
            assert snippet.end >= snippet.start
    assert Transcript.model_validate_json(transcript.model_dump_json()) == transcript


def assert_reads_or_refuses(data: bytes) -> None:
    try:
        transcript = parse_transcript(data, key=KEY)
    except UnreadableTranscriptError as error:
        assert error.found  # noqa: PT017
        return
    assert_normalized(transcript)
