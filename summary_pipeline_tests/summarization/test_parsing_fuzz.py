"""Transcript bytes of every kind: a normalized transcript or a typed error, in time."""

import gzip
import json

from hypothesis import given
from hypothesis import strategies as st

from summary_pipeline.summarization.parsing import UnreadableTranscriptError, parse_transcript
from summary_pipeline.summarization.transcript import Transcript
from summary_pipeline_tests.fuzzing import bombs, damaged, fuzzed, in_time, json_texts
from summary_pipeline_tests.summarization.transcript_documents import SNIPPETS, SRT, VTT, assert_normalized

KEY = "transcripts/7/transcript.json"
FIELDS = ["text", "start", "end", "duration", "snippets", "segments", "language"]
WHISPER = {
    "text": " Hello there. Goodbye.",
    "language": "english",
    "duration": 4.5,
    "segments": [{"id": 0, "start": 0.5, "end": 2.5, "text": " Hello there.", "tokens": [1, 2], "temperature": 0.0}],
}
ROLLING = "WEBVTT\n\n" + "".join(
    f"00:00:0{n}.000 --> 00:00:0{n}.900\nline number {n} of it\n<00:00:0{n}.500><c> line number {n + 1}</c>\n\n"
    for n in range(4)
)
DOCUMENTS = [
    json.dumps(SNIPPETS).encode(),
    json.dumps({"snippets": SNIPPETS, "language": "en"}).encode(),
    json.dumps(WHISPER).encode(),
    json.dumps({"text": "Hello [Music] there.\nGoodbye."}).encode(),
    json.dumps(json.dumps(SNIPPETS)).encode(),
    VTT.encode(),
    ROLLING.encode(),
    SRT.encode(),
    VTT.encode("utf-16"),
    "Žluťoučký kůň. 今天天气很好。 مرحبا".encode(),
    "Où est le café ?".encode("cp1252"),
    gzip.compress(VTT.encode(), mtime=0),
    b"%PDF-1.4\n1 0 obj\n<< /Type /Catalog >>\nendobj\n%%EOF",
    b"<!DOCTYPE html><html><body>Not found</body></html>",
]


def check(data: bytes) -> None:
    with in_time(len(data)):
        try:
            outcome: Transcript | UnreadableTranscriptError = parse_transcript(data, key=KEY)
        except UnreadableTranscriptError as error:
            outcome = error
    if isinstance(outcome, Transcript):
        assert_normalized(outcome)
    else:
        assert outcome.found
        assert len(str(outcome)) < 1000
        str(outcome).encode()


@fuzzed
@given(damaged(DOCUMENTS))
def test_a_damaged_transcript_is_read_or_refused(data: bytes) -> None:
    check(data)


@fuzzed
@given(bombs() | st.binary(max_size=2000))
def test_a_bomb_is_read_or_refused_in_time(data: bytes) -> None:
    check(data)


@fuzzed
@given(json_texts(FIELDS))
def test_json_of_any_shape_is_read_or_refused(data: bytes) -> None:
    check(data)


@fuzzed
@given(st.text(st.characters(exclude_categories=()), max_size=300), st.sampled_from(["utf-8", "utf-16", "utf-32-be"]))
def test_text_of_any_characters_is_read_or_refused(text: str, encoding: str) -> None:
    check(text.encode(encoding, "surrogatepass"))
