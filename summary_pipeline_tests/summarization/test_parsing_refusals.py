import codecs
import gzip
import pickle

import pytest

from summary_pipeline.summarization.errors import SummarizationError
from summary_pipeline.summarization.parsing import EmptyTranscriptError, UnreadableTranscriptError
from summary_pipeline_tests.summarization.transcript_documents import KEY, SNIPPETS, parse


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
        ([{"text": "a"}, {"content": "b c"}], 'no "text", with the keys content', "index 1 of the list"),
        ({"segments": ["a", {"start": 1, "words": [{"word": "b"}]}]}, 'no "text"', 'index 1 of "segments"'),
        (
            {"snippets": [{"text": "a b"}], "segments": [{"text": "c d"}]},
            'unlike speech in "snippets" and "segments"',
            "top",
        ),
        ({"text": "a b c d e", "segments": [{"text": "f g"}]}, 'unlike speech in "segments" and "text"', "top"),
        ({"snippets": [{"text": "a b"}], "segments": "c"}, "a string", '"segments"'),
        ([SNIPPETS[0], 5], "a number", "index 1 of the list"),
        ({"segments": [SNIPPETS[0], [1]]}, "a list", 'index 1 of "segments"'),
        ([{"text": {"a": "b"}}], "an object", '"text" of index 0'),
        ([{"text": True}], "a boolean", '"text" of index 0'),
        ("null", "JSON that is null", "the top level"),
        ("12", "JSON that is a number", "the top level"),
        ([1, 2], "a number", "index 0 of the list"),
        ('ext": "a", "start": 1}, {"text": "b", "start": 2}]', "a piece of JSON", "the first character"),
        ("<!DOCTYPE html><html><body>Not found</body></html>", "an HTML page", "the first character"),
        ("<!-- saved -->\n<HTML><body>Not found</body></HTML>", "an HTML page", "the first character"),
        ("<div>Not found</div>", "an HTML page", "the first character"),
        (b"PK\x03\x04\x14\0\0\0\x08\0", "a ZIP archive", "the first byte"),
        (codecs.BOM_UTF8 + gzip.compress(b"text", mtime=0), "gzip data", "the first byte"),
        ("%PDF-1.4\n1 0 obj\n<< /Type /Catalog >>\nendobj\n%%EOF", "a PDF document", "the first byte"),
        ('<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>', "markup", "the first character"),
        (
            '<tt xmlns="http://www.w3.org/ns/ttml"><body><div><p begin="0s">Hi</p></div></body></tt>',
            "markup (<tt)",
            "the",
        ),
        ('<?xml version="1.0"?><transcript><body>Hi</body></transcript>', "markup (<?xml)", "the first character"),
        (
            '<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"></html>',
            "an HTML page",
            "the first character",
        ),
        (gzip.compress(b"text", mtime=0), "gzip data", "the first byte"),
        (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3", "a PDF document", "the first byte"),
        (b"\0\0\0\x20ftypisom\0\0\2\0\xff\xfe\xfd", "an MP4 recording", "the first byte"),
        (bytes(range(1, 32)) * 10, "binary data", None),
        ("Привет, это субтитры в старой кодировке".encode("cp1251"), "an unknown encoding", "byte 0"),
        ("今日はとても良い天気です".encode("shift_jis"), "an unknown encoding", "byte"),
        ("مرحبا".encode("utf-16-le"), "binary data", None),
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


@pytest.mark.parametrize(
    ("document", "found"), [([], "found no snippets;"), ([{"text": "♪"}], "found 1 snippets without speech;")]
)
def test_no_snippets_are_told_from_snippets_without_speech(document: object, found: str) -> None:
    with pytest.raises(EmptyTranscriptError, match=found):
        parse(document)


def test_errors_are_permanent_and_survive_the_way_between_processes() -> None:
    error = EmptyTranscriptError(KEY, "nothing", "index 3")
    copy = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes

    assert isinstance(error, SummarizationError)
    assert (type(copy), str(copy), vars(copy)) == (type(error), str(error), vars(error))
