"""Any bytes, text and JSON: read, or refused with a reason, in time that grows with the length."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from summary_pipeline_tests.summarization.transcript_documents import SNIPPETS, SRT, VTT, assert_reads_or_refuses


@settings(max_examples=500, deadline=None)
@given(data=st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    assert_reads_or_refuses(data)


pieces = st.sampled_from(
    [
        "WEBVTT", "\n", "\n\n", "\r", "00:00:01.000 --> 00:00:02.000", "-->", "1", "NOTE", "Language: xx", "<v Ada>",
        "<c>", "</i>",
        "&amp;", "&#0;", "&#xD800;", "&#" + "9" * 5000 + ";", "[Music]", "(", "[", "{", "}", "]", '"', ":", ",",
        '{"text": ', '"snippets"',
        "null", "NaN", "hello", "\0", "\ufeff", "\u202e", "e\u0301\u0301", "字", "مرحبا", "\x1b[0m", "<", "\\ud800",
        "{\\an8}", "*a*",
    ]
)  # fmt: skip


@settings(max_examples=500, deadline=None)
@given(
    document=st.lists(st.one_of(pieces, st.text(max_size=5)), max_size=25).map("".join),
    encoding=st.sampled_from(["utf-8", "utf-16"]),
)
def test_any_text_is_read_or_refused(document: str, encoding: str) -> None:
    assert_reads_or_refuses(document.encode(encoding, "replace"))


json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), pieces, st.text(max_size=8)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(
            st.sampled_from(["text", "start", "end", "duration", "snippets", "segments", "x"]), inner, max_size=5
        ),
    ),
    max_leaves=25,
)


@settings(max_examples=500, deadline=None)
@given(document=json_values)
def test_any_json_is_read_or_refused(document: object) -> None:
    assert_reads_or_refuses(json.dumps(document).encode())


@settings(max_examples=300, deadline=None)
@given(
    snippets=st.lists(
        st.fixed_dictionaries(
            {"text": st.text(max_size=20), "start": st.one_of(st.none(), st.floats(), st.text(max_size=6))},
            optional={"duration": st.one_of(st.none(), st.floats()), "end": st.floats()},
        ),
        max_size=20,
    )
)
def test_any_snippets_are_normalized(snippets: list[dict[str, object]]) -> None:
    assert_reads_or_refuses(json.dumps([*snippets, {"text": "word"}]).encode())


@settings(max_examples=200, deadline=None)
@given(cut=st.integers(min_value=0, max_value=len(VTT)), document=st.sampled_from([VTT, SRT, json.dumps(SNIPPETS)]))
def test_a_document_that_breaks_off_anywhere_is_read_or_refused(cut: int, document: str) -> None:
    assert_reads_or_refuses(document.encode()[:cut])


@pytest.mark.parametrize(
    "document",
    [
        "&" * 1_000_000, "<" * 1_000_000, "(" * 1_000_000, "<v " * 300_000, "[a" * 500_000, "a\u0301\u0323" * 300_000,
        " " * 1_000_000 + "-->x",
        "1\n" + " " * 500_000 + "x -->\n00:01.000 --> 00:02.000\nHi", "00:" * 300_000, '"' + " " * 1_000_000,
        "*a " * 300_000, "\n" * 1_000_000 + "a",
        ("a " * 90 + "b\n") * 5000, "a:" * 500_000, "0" * 1_000_000, "{\\" * 500_000, "\ud7ff\uffff" * 300_000,
        "so (laughs) and " * 60_000, "(music) " * 120_000,
    ],
    ids=range(19),
)  # fmt: skip
@pytest.mark.timeout(30)
def test_hostile_text_is_read_in_time_that_grows_with_its_length(document: str) -> None:
    assert_reads_or_refuses(document.encode())
    assert_reads_or_refuses(json.dumps([{"text": document}, {"text": "a"}]).encode())
