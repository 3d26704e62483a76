import codecs
import gzip
import json
import pickle
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from summary_pipeline.summarization.errors import SummarizationError
from summary_pipeline.summarization.parsing import (
    EmptyTranscriptError,
    UnreadableTranscriptError,
    parse_transcript,
)
from summary_pipeline.summarization.parsing.times import seconds
from summary_pipeline.summarization.transcript import Snippet, Transcript

REAL_TRANSCRIPTS = Path(__file__).parents[3] / "shared" / "transcripts"
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


# The forms.


@pytest.mark.parametrize(
    "document",
    [
        SNIPPETS,
        {"snippets": SNIPPETS},
        {
            "videoId": 7,
            "title": "A title",
            "language": None,
            "snippets": SNIPPETS,
            "stats": {"deep": [1, {"er": None}]},
        },
        {"snippets": [{**snippet, "speaker": "A", "words": []} for snippet in SNIPPETS]},
        {"text": "not this", "segments": [{"text": s.text, "start": s.start, "end": s.end} for s in SPOKEN]},
        {"text": "not this", "snippets": SNIPPETS},
        {"snippets": [], "segments": SNIPPETS},
        {"snippets": None, "segments": SNIPPETS},
        json.dumps(json.dumps({"snippets": SNIPPETS})),
        VTT,
        SRT,
    ],
)
def test_all_timed_forms_are_read(document: object) -> None:
    assert parse(document).snippets == SPOKEN


@pytest.mark.parametrize(
    "document",
    [{"text": "Hello there.\nGoodbye."}, {"text": "Hello there.\n\nGoodbye.", "segments": []},
    "Hello there.\r\n\r\nGoodbye.\n"]
)  # fmt: skip
def test_text_without_times_is_read_line_by_line(document: object) -> None:
    assert parse(document).snippets == (Snippet(text="Hello there."), Snippet(text="Goodbye."))


@pytest.mark.parametrize("extension", ["json", "vtt", "srt", "txt", "bin", ""])
@pytest.mark.parametrize("document", [json.dumps(SNIPPETS), VTT, SRT])
def test_the_content_decides_and_not_the_extension(document: str, extension: str) -> None:
    assert parse(document, key=f"transcript.{extension}").snippets == SPOKEN


@pytest.mark.parametrize("extension", ["json", "vtt", "srt", "txt"])
def test_plain_text_is_read_under_any_extension(extension: str) -> None:
    assert texts("Just some words.\nAnd more.", key=f"a.{extension}") == ["Just some words.", "And more."]


@pytest.mark.parametrize(
    "document",
    ["[Ada] Hello.", "[1] Hello.", "[12:30] Hello.", "{Ada} Hello.", '"Hello", she said.', '"Hello" "there"',
    "1. Hello."],
)  # fmt: skip
def test_plain_text_that_starts_like_json_is_plain_text(document: str) -> None:
    assert texts(document, key="a.txt") == [document]


def test_one_long_line_stays_one_snippet() -> None:
    assert len(texts({"text": "word " * 30_000})) == 1


# Whose language it is.


@pytest.mark.parametrize(
    ("stated", "language"),
    [
        ("english", "en"),
        ("Haitian Creole", "ht"),
        ("en", "en"),
        ("pt-BR", "pt"),
        ("zh_Hant_TW", "zh"),
        ("yue", "yue"),
        (" DE ", "de"),
        ("und", None),
        ("", None),
        ("klingon opera", None),
        (None, None),
        (7, None),
    ],
)
def test_the_stated_language_becomes_a_primary_tag(stated: object, language: str | None) -> None:
    assert parse({"language": stated, "segments": SNIPPETS}).language == language


def test_webvtt_states_its_language_in_the_header() -> None:
    assert parse(VTT).language == "en"


# How it is encoded.


@pytest.mark.parametrize("document", [json.dumps(SNIPPETS), VTT, SRT])
@pytest.mark.parametrize(
    ("mark", "encoding"),
    [
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
        (codecs.BOM_UTF32_LE, "utf-32-le"),
        (codecs.BOM_UTF32_BE, "utf-32-be"),
        (b"", "utf-16-le"),
        (b"", "utf-16-be"),
    ],
)
def test_byte_order_marks_and_wide_encodings_are_read(document: str, mark: bytes, encoding: str) -> None:
    assert parse(mark + document.encode(encoding)).snippets == SPOKEN


def test_wide_text_in_a_script_without_zero_bytes_is_read() -> None:
    spoken = json.dumps([{"text": "今天天气很好", "start": 1.0}], ensure_ascii=False)

    assert texts(spoken.encode("utf-16-le")) == ["今天天气很好"]


@pytest.mark.parametrize("document", [VTT, SRT])
@pytest.mark.parametrize("line_break", ["\r\n", "\r"])
def test_any_line_break_will_do(document: str, line_break: str) -> None:
    assert parse(document.replace("\n", line_break)).snippets == SPOKEN


def test_damaged_bytes_become_replacement_characters() -> None:
    assert texts("Žluťoučký kůň úpěl ďábelské ódy".encode()[:-1] + b"\xff") == ["Žluťoučký kůň úpěl ďábelské ód\ufffd"]


def test_western_8_bit_text_is_read() -> None:
    assert texts("Où est le café ? Là-bas, à côté de l’église.".encode("cp1252"), key="a.srt") == [
        "Où est le café ? Là-bas, à côté de l’église."
    ]


def test_padding_with_zero_bytes_is_ignored() -> None:
    assert parse(json.dumps(SNIPPETS).encode() + b"\0" * 100).snippets == SPOKEN


def test_zero_bytes_within_the_text_are_dropped() -> None:
    assert texts(b"Hel\0lo there, how are you?") == ["Hello there, how are you?"]


# Damaged times.


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (1.5, 1.5),
        (0, 0.0),
        ("1.5", 1.5),
        ("1,5", 1.5),
        (" 12s ", 12.0),
        ("1e2", 100.0),
        ("00:01:02,500", 62.5),
        ("01:02.5", 62.5),
        ("1:00:00", 3600.0),
        (700_000, 700_000.0),
        (-0.02, 0.0),
        (-5, None),
        ("-5", None),
        (None, None),
        (True, None),
        ("", None),
        ("soon", None),
        ("1:2:3:4", None),
        (float("nan"), None),
        (float("inf"), None),
        (float("-inf"), None),
        ("nan", None),
        ("Infinity", None),
        (10**12, None),
        (10**400, None),
        ("9" * 5000, None),
        ([1], None),
        ({"seconds": 1}, None),
    ],
)
def test_times(written: object, expected: float | None) -> None:
    assert seconds(written) == expected


def test_times_that_json_does_not_have_are_read_as_none() -> None:
    document = (
        '[{"text": "a b", "start": NaN, "duration": Infinity}, {"text": "c", "start": -Infinity, "duration": 1e999}]'
    )

    assert parse(document).snippets == (Snippet(text="a b"), Snippet(text="c"))


def test_an_integer_of_any_length_is_read() -> None:
    assert texts('[{"text": "a b", "start": %s, "id": -%s}]' % ("9" * 10_000, "7" * 10_000)) == ["a b"]  # noqa: UP031


def test_a_duration_without_start_is_no_end() -> None:
    assert parse([{"text": "a", "start": None, "duration": 2.0}]).snippets == (Snippet(text="a"),)


@pytest.mark.parametrize("duration", [None, -1.5, "long"])
def test_a_start_stays_where_the_duration_is_unusable(duration: object) -> None:
    assert parse([{"text": "a", "start": 4, "duration": duration}]).snippets == (Snippet(text="a", start=4.0),)


# Damaged items.


@pytest.mark.parametrize("damage", [None, "", {}, {"text": None}, {"text": ""}, {"text": " \n"}, {"start": 1.0}])
def test_empty_snippets_are_dropped(damage: object) -> None:
    assert parse([SNIPPETS[0], damage, SNIPPETS[1]]).snippets == SPOKEN


def test_a_list_of_strings_is_read() -> None:
    assert texts(["Hello", "there"]) == ["Hello", "there"]


def test_numbers_and_lists_of_strings_are_text() -> None:
    assert texts([{"text": 2024}, {"text": ["in", "two"]}, {"text": 1.5}]) == ["2024", "in two", "1.5"]


# Damaged cues.


def test_subrip_without_blank_lines_is_read() -> None:
    assert parse(SRT.replace("\n\n", "\n")).snippets == SPOKEN


def test_subrip_with_blank_lines_within_a_cue_loses_no_text() -> None:
    assert texts(SRT.replace("Hello there.", "Hello\n\nthere.")) == ["Hello there.", "Goodbye."]


def test_text_outside_of_cues_is_not_lost() -> None:
    found = texts("A preface.\n\n" + SRT + "\nAn epilogue.")

    assert found == ["A preface.", "Hello there.", "Goodbye. An epilogue."]


def test_webvtt_without_a_blank_line_after_its_first_line_loses_no_text() -> None:
    assert texts("WEBVTT\nHello there, all.\n\n00:01.000 --> 00:02.000\nGoodbye.") == ["Hello there, all.", "Goodbye."]


def test_text_on_the_line_of_times_is_not_lost() -> None:
    assert texts("1\n00:00:00,500 --> 00:00:02,500 Hello there.\n\n2\n00:00:03,000 --> 00:00:04,500\nGoodbye.") == [
        "Hello there.",
        "Goodbye.",
    ]


def test_cue_settings_and_coordinates_are_no_text() -> None:
    assert texts(SRT.replace("02,500", "02,500  X1:40 X2:600 Y1:20 Y2:50")) == ["Hello there.", "Goodbye."]


def test_cues_with_damaged_times_keep_their_text() -> None:
    document = SRT + "\n3\n00:00:0x,000 --> 00:00:09,000\nStill here.\n\n4\n-->\nAnd here.\n"

    assert " ".join(texts(document)).endswith("Still here. And here.")
    assert parse(document).snippets[:1] == SPOKEN[:1]


def test_an_arrow_in_speech_is_speech() -> None:
    assert texts(SRT.replace("Goodbye.", "so a --> b\n5 --> 6")) == ["Hello there.", "so a --> b 5 --> 6"]


def test_numbers_that_are_spoken_are_kept_if_they_do_not_stand_for_the_next_cue() -> None:
    assert texts(SRT.replace("Hello there.", "42\nis the answer.")) == ["42 is the answer.", "Goodbye."]


def test_voices_are_kept_and_other_tags_are_not() -> None:
    document = (
        "WEBVTT\n\n00:01.000 --> 00:02.000\n<v.loud Roger Bingham>We are <i>in</i> <c.yellow>New</c> "
        "<00:00:01.500><b>York</b>\n\n00:03.000 --> 00:04.000\n<font color='#fff'>Tom &amp; Jerry</font> {\\an8}run\n"
    )

    assert texts(document) == ["Roger Bingham: We are in New York", "Tom & Jerry run"]


def test_rolling_captions_of_youtube_are_there_once() -> None:
    lines = [
        "so today we are going to",
        "talk about the history of",
        "the bicycle and why it",
        "took so long to be made",
    ]
    cues: list[str] = []
    for number, line in enumerate(lines):
        start = 2 * number
        before = lines[number - 1] if number else " "
        timed = "".join(f"<00:00:0{start}.{place}00><c> {word}</c>" for place, word in enumerate(line.split()))
        cues.append(
            f"00:00:0{start}.000 --> 00:00:0{start + 1}.990 align:start position:0%\n{before}\n{timed.strip()}\n"
        )
        cues.append(f"00:00:0{start + 1}.990 --> 00:00:0{start + 2}.000 align:start position:0%\n{line}\n \n")
    document = "WEBVTT\nKind: captions\nLanguage: en\n\n" + "\n".join(cues)

    found = parse(document).snippets

    assert [snippet.text for snippet in found] == lines
    assert [snippet.start for snippet in found] == [0.0, 2.0, 4.0, 6.0]


# What can't be read.


@pytest.mark.parametrize(
    ("document", "found", "where"),
    [
        ('[{"text": "a"}, {"text": ', "malformed JSON", "line 1, column 25"),
        ('{"snippets": [\n{"text" "a"}]}', "malformed JSON", "line 2, column 9"),
        ("{'text': 'a python literal'}", "malformed JSON", "line 1, column 2"),
        ('{"a": 1}{"b": 2}', "malformed JSON", "character 8"),
        ("[" * 100_000, "nested hundreds of levels deep", None),
        ('{"a":' * 100_000, "nested hundreds of levels deep", None),
        ("{}", "a JSON object with no keys", "the top level"),
        ({"foo": 1, "bar baz": 2}, "the keys foo and more", "the top level"),
        ({"snippets": {"0": "a"}}, "an object", '"snippets"'),
        ({"segments": "text"}, "a string", '"segments"'),
        ({"text": {"a": 1}}, "an object", '"text"'),
        ([{"utf8": "a"}], 'objects without "text"', "the list"),
        ([SNIPPETS[0], 5], "a number", "index 1 of the list"),
        ({"segments": [SNIPPETS[0], [1]]}, "a list", 'index 1 of "segments"'),
        ([{"text": {"a": "b"}}], "an object", '"text" of index 0'),
        ([{"text": True}], "a boolean", '"text" of index 0'),
        ("null", "JSON that is null", "the top level"),
        ("12", "JSON that is a number", "the top level"),
        ([1, 2], "a number", "index 0 of the list"),
        ('ext": "a", "start": 1}, {"text": "b", "start": 2}]', "a piece of JSON", "the first character"),
        ("<!DOCTYPE html><html><body>Not found</body></html>", "markup", "the first character"),
        ('<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>', "markup", "the first character"),
        (gzip.compress(b"text", mtime=0), "gzip data", "the first byte"),
        (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3", "a PDF document", "the first byte"),
        (b"\0\0\0\x20ftypisom\0\0\2\0\xff\xfe\xfd", "an MP4 recording", "the first byte"),
        (bytes(range(1, 32)) * 10, "binary data", None),
        ("Привет, это субтитры в старой кодировке".encode("cp1251"), "an unknown encoding", "byte 0"),
        ("今日はとても良い天気です".encode("shift_jis"), "an unknown encoding", "byte"),
    ],
)
def test_what_cannot_be_read_is_said_to_be_what_it_is(document: object, found: str, where: str | None) -> None:
    with pytest.raises(UnreadableTranscriptError) as raised:
        parse(document)

    error = raised.value
    assert error.key == KEY
    assert not isinstance(error, EmptyTranscriptError)
    assert found in error.found
    assert (where is None) == (error.where is None)
    assert (where or "") in (error.where or "")
    for part in (KEY, error.found, error.where or "", error.expected):
        assert part in str(error)


def test_errors_do_not_quote_the_document() -> None:
    for document in ('{"secret words" "more"}', '{"secret words": 1}', '[{"secret words": 1}]', '["secret words", 1]'):
        with pytest.raises(UnreadableTranscriptError) as raised:
            parse(document)
        assert "secret" not in str(raised.value)


@pytest.mark.parametrize(
    "document",
    [
        b"", " \r\n", b"\0\0\0\0", codecs.BOM_UTF8, "[]", '""', {"text": ""}, {"text": None}, {"snippets": []},
        {"snippets": None}, {"snippets": [], "text": " "}, [None, {"text": ""}], "WEBVTT",
        "WEBVTT\n\nNOTE nothing said",
        "1\n00:00:01,000 --> 00:00:02,000\n\n", [{"text": "[Music]"}, {"text": "♪"}, {"text": "(applause)"}],
        {"text": "... - ?!"}, "[Music]\n[Applause]",
    ],
)  # fmt: skip
def test_a_document_without_speech_is_an_error_of_its_own(document: object) -> None:
    with pytest.raises(EmptyTranscriptError, match="expected at least one spoken word"):
        parse(document)


def test_a_document_that_is_too_large_is_refused_before_it_is_read() -> None:
    data = json.dumps(SNIPPETS).encode()

    assert parse_transcript(data, key=KEY, max_bytes=len(data)).snippets == SPOKEN
    with pytest.raises(UnreadableTranscriptError, match=f"{len(data)} bytes; expected at most {len(data) - 1} bytes"):
        parse_transcript(data, key=KEY, max_bytes=len(data) - 1)


def test_errors_are_permanent_and_survive_the_way_between_processes() -> None:
    error = EmptyTranscriptError(KEY, "nothing", "index 3")
    copy = pickle.loads(pickle.dumps(error))  # noqa: S301

    assert isinstance(error, SummarizationError)
    assert (type(copy), str(copy), vars(copy)) == (type(error), str(error), vars(error))


# Anything at all.


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
    ],
    ids=range(17),
)  # fmt: skip
@pytest.mark.timeout(30)
def test_hostile_text_is_read_in_time_that_grows_with_its_length(document: str) -> None:
    assert_reads_or_refuses(document.encode())
    assert_reads_or_refuses(json.dumps([{"text": document}, {"text": "a"}]).encode())


# Real transcripts, which are not part of the project.


@pytest.mark.skipif(not REAL_TRANSCRIPTS.is_dir(), reason=f"no real transcripts at {REAL_TRANSCRIPTS}: optional data")
def test_real_transcripts_are_read_with_their_times_and_nearly_all_of_their_text() -> None:
    files = sorted(REAL_TRANSCRIPTS.glob("*.json"))
    assert files
    for file in files:
        document = json.loads(file.read_bytes())
        transcript = parse_transcript(file.read_bytes(), key=file.name)
        assert_normalized(transcript)
        assert transcript.language == document["language"]
        timed = sum(snippet["start"] is not None for snippet in document["snippets"])
        assert sum(snippet.start is not None for snippet in transcript.snippets) >= 0.95 * timed
        # What is missing is noise: {vocalsound}, [laughs].
        letters = sum(map(str.isalnum, "".join(snippet["text"] for snippet in document["snippets"])))
        assert sum(map(str.isalnum, transcript.text)) >= 0.75 * letters


def texts_of(document: bytes, key: str) -> list[str]:
    return [snippet.text for snippet in parse_transcript(document, key=key).snippets]


def test_cues_without_empty_lines_between_them_lose_nothing() -> None:
    cues = b"".join(
        b"00:00:0%d.000 --> 00:00:0%d.900\n%s\n" % (n, n, text) for n, text in enumerate([b"a", b"b", b"c"])
    )
    assert texts_of(b"WEBVTT\n\n" + cues, "x.vtt") == ["a", "b", "c"]


def test_speech_that_begins_like_a_note_is_speech_and_a_note_is_not() -> None:
    document = b"WEBVTT\n\n00:01.000 --> 00:02.000\nNOTE that\n\nNOTE a remark\n\n00:02.000 --> 00:03.000\nb\n"
    assert texts_of(document, "x.vtt") == ["NOTE that", "b"]


def test_a_cue_whose_times_are_damaged_keeps_its_text_apart_from_them() -> None:
    document = b"1\n00:00:01,000 --> 00:00:02,000\na\n\n2\n00:00:0x,000 --> 00:00:07,000\nb\n"
    assert texts_of(document, "x.srt") == ["a", "b"]


def test_an_address_in_speech_is_not_read_as_html() -> None:
    assert texts_of(b"see ?a=1&copy=2 &amp; more", "x.txt") == ["see ?a=1&copy=2 & more"]


def test_a_speaker_is_named_where_the_voice_changes_and_not_on_every_cue() -> None:
    cues = [("Ann", "a"), ("Ann", "b"), ("Ben", "c"), ("Ann", "d")]
    body = "".join(f"00:0{n}.000 --> 00:0{n}.900\n<v {name}>{text}\n\n" for n, (name, text) in enumerate(cues))
    assert texts_of(f"WEBVTT\n\n{body}".encode(), "x.vtt") == ["Ann: a", "b", "Ben: c", "Ann: d"]
