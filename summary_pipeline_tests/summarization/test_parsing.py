import codecs
import json
from pathlib import Path

import pytest

from summary_pipeline.summarization.parsing import parse_transcript
from summary_pipeline.summarization.parsing.times import seconds
from summary_pipeline.summarization.transcript import Snippet
from summary_pipeline_tests.summarization.transcript_documents import (
    SNIPPETS,
    SPOKEN,
    SRT,
    VTT,
    assert_normalized,
    parse,
    texts,
)

REAL_TRANSCRIPTS = Path(__file__).parents[3] / "shared" / "transcripts"


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
        (b"", "utf-32-le"),
        (b"", "utf-32-be"),
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


@pytest.mark.parametrize(
    ("encoding", "spoken"),
    [
        ("cp1252", "Où est le café ? Là-bas, à côté de l’église."),
        ("cp1252", "Það er sagt að þú sért á leiðinni til Þingvalla."),
        ("cp1254", "Bugün Türkiye'de güneşli bir gün, değil mi? İyi akşamlar."),
    ],
)
def test_western_and_turkish_8_bit_text_is_read(encoding: str, spoken: str) -> None:
    assert texts(spoken.encode(encoding), key="a.srt") == [spoken]


def test_padding_with_zero_bytes_is_ignored() -> None:
    assert parse(json.dumps(SNIPPETS).encode() + b"\0" * 100).snippets == SPOKEN


def test_zero_bytes_within_the_text_are_dropped() -> None:
    assert texts(b"Hel\0lo there, how are you?") == ["Hello there, how are you?"]


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
    long = "9" * 10_000
    assert texts(f'[{{"text": "a b", "start": {long}, "id": -{long}}}]') == ["a b"]


def test_an_end_without_a_start_is_kept() -> None:
    assert parse([{"text": "a", "end": 4.0}]).snippets == (Snippet(text="a", end=4.0),)
    assert parse("WEBVTT\n\n --> 00:04.000\na").snippets == (Snippet(text="a", end=4.0),)


def test_an_end_and_a_duration_tell_the_start() -> None:
    assert parse([{"text": "a", "end": 4.0, "duration": 1.5}]).snippets == (Snippet(text="a", start=2.5, end=4.0),)
    assert parse([{"text": "a", "end": 4.0, "duration": 5}]).snippets == (Snippet(text="a", end=4.0),)


def test_a_text_that_mentions_a_format_is_a_text() -> None:
    assert texts("%PDF files are what this talk is about.") == ["%PDF files are what this talk is about."]
    assert texts("ID3 is how music is tagged.") == ["ID3 is how music is tagged."]


def test_a_duration_without_start_is_no_end() -> None:
    assert parse([{"text": "a", "start": None, "duration": 2.0}]).snippets == (Snippet(text="a"),)


@pytest.mark.parametrize("duration", [None, -1.5, "long"])
def test_a_start_stays_where_the_duration_is_unusable(duration: object) -> None:
    assert parse([{"text": "a", "start": 4, "duration": duration}]).snippets == (Snippet(text="a", start=4.0),)


@pytest.mark.parametrize(
    "damage",
    [
        None, "", {}, {"text": None}, {"text": ""}, {"text": " \n"}, {"start": 1.0}, {"start": "00:00:01", "id": "s-2"},
        {"text": "", "speaker": "Ada", "lang": "en"}, {"speaker": "Ada", "content": "", "words": []},
    ],
)  # fmt: skip
def test_empty_snippets_are_dropped(damage: object) -> None:
    assert parse([SNIPPETS[0], damage, SNIPPETS[1]]).snippets == SPOKEN


@pytest.mark.parametrize(
    ("document", "spoken"),
    [
        ({"text": "full text", "segments": [{"text": None}, {"text": "full"}]}, ["full text"]),
        (
            {"text": "今天我们来谈谈自行车的历史", "segments": [{"text": "今天我们来谈谈"}]},
            ["今天我们来谈谈自行车的历史"],
        ),
        ({"snippets": ["Only", "intro."], "segments": ["only intro", "and all"]}, ["only intro", "and all"]),
        ({"snippets": ["intro"], "segments": ["the talk"], "text": "intro, the talk"}, ["intro, the talk"]),
        ({"snippets": ["a b c"], "segments": 1}, ["a b c"]),
        ({"text": "(soft music) a b", "segments": ["(soft music)", "a", "b"]}, ["a", "b"]),
        ({"snippets": ["a b c"], "segments": ["A, b. c!"], "text": "a b c"}, ["a b c"]),
        ({"snippets": ["a b c"], "segments": ["a b"], "text": "a title"}, ["a b c"]),
    ],
)
def test_of_forms_that_hold_the_same_speech_the_one_with_more_of_it_is_read(
    document: object, spoken: list[str]
) -> None:
    assert texts(document) == spoken


def test_a_list_of_strings_is_read() -> None:
    assert texts(["Hello", "there"]) == ["Hello", "there"]


def test_numbers_and_lists_of_strings_are_text() -> None:
    assert texts([{"text": 2024}, {"text": ["in", "two"]}, {"text": 1.5}]) == ["2024", "in two", "1.5"]


def test_an_address_in_speech_is_not_read_as_html() -> None:
    assert texts(b"see ?a=1&copy=2 &amp; more", key="x.txt") == ["see ?a=1&copy=2 & more"]


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
