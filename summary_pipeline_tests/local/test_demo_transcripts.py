import json
from pathlib import Path

import pytest

from summary_pipeline.local.demo_transcripts import DemoTranscript, sample_transcripts, transcripts_in
from summary_pipeline.local.errors import StackError


def write(directory: Path, files: dict[str, object]) -> Path:
    for name, content in files.items():
        text = content if isinstance(content, str) else json.dumps(content)
        (directory / name).write_text(text, encoding="utf-8")
    return directory


def transcript(content: bytes = b"text", *, video_id: int = 7, file_name: str = "7.txt") -> DemoTranscript:
    return DemoTranscript(video_id, "title", "description", file_name, content)


def test_there_are_at_least_six_samples_of_distinct_videos_and_forms() -> None:
    samples = sample_transcripts()
    assert len({sample.video_id for sample in samples}) == len(samples) >= 6
    assert {Path(sample.file_name).suffix for sample in samples} == {".json", ".vtt", ".srt", ".txt"}
    assert all(sample.title and sample.content for sample in samples)


def test_a_videos_number_is_what_the_file_says_then_its_name_then_the_next_free_one(tmp_path: Path) -> None:
    write(tmp_path, {"5-named.json": {"videoId": 2, "text": "a"}, "1-name.txt": "b", "none.srt": "c", "more.vtt": "d"})
    found = transcripts_in(tmp_path)
    assert [(each.video_id, each.file_name) for each in found] == [
        (1, "1-name.txt"),
        (2, "5-named.json"),
        (3, "more.vtt"),
        (4, "none.srt"),
    ]


def test_other_files_are_left_alone(tmp_path: Path) -> None:
    write(tmp_path, {"1.txt": "a", "README.md": "no", "index.json": [], "2.JSON": {"text": "b"}})
    (tmp_path / "3.txt").mkdir()
    assert [each.video_id for each in transcripts_in(tmp_path)] == [1, 2]


def test_a_title_in_the_file_is_taken(tmp_path: Path) -> None:
    write(tmp_path, {"1.json": {"title": "A talk", "text": "a"}, "2-second.json": {"text": "b"}})
    assert [each.title for each in transcripts_in(tmp_path)] == ["A talk", "2-second"]


def test_json_that_is_none_is_left_for_the_pipeline_to_refuse(tmp_path: Path) -> None:
    write(tmp_path, {"1.json": "{"})
    (found,) = transcripts_in(tmp_path)
    assert (found.video_id, found.content, found.snippet_count) == (1, b"{", None)


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({}, "has no transcript files"),
        ({"1-a.txt": "a", "1-b.txt": "b"}, "both of video 1"),
        ({"0.txt": "a"}, "0.txt"),
        ({"99999999999.txt": "a"}, "99999999999.txt"),
    ],
)
def test_a_directory_that_cannot_be_used_is_refused(tmp_path: Path, files: dict[str, object], message: str) -> None:
    with pytest.raises(StackError, match=message):
        transcripts_in(write(tmp_path, files))


def test_a_directory_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StackError, match="is no directory"):
        transcripts_in(tmp_path / "absent")


@pytest.mark.parametrize(
    ("file_name", "key"),
    [
        ("7.json", "transcripts/7/transcript.json"),
        ("7.VTT", "transcripts/7/transcript.vtt"),
        ("talk.srt", "transcripts/7/transcript.srt"),
    ],
)
def test_the_object_keeps_the_suffix_that_tells_its_form(file_name: str, key: str) -> None:
    assert transcript(file_name=file_name).object_key == key


@pytest.mark.parametrize(
    ("document", "count"),
    [([{}, {}], 2), ({"snippets": [{}]}, 1), ({"segments": [{}, {}, {}], "text": "a"}, 3), ({"text": "a"}, None)],
)
def test_snippets_are_counted_where_the_document_lists_them(document: object, count: int | None) -> None:
    assert transcript(json.dumps(document).encode(), file_name="7.json").snippet_count == count


def test_an_event_id_follows_from_video_content_and_attempt() -> None:
    known = transcript().event_id(0)
    assert known == transcript().event_id(0)
    others = {transcript().event_id(1), transcript(b"other").event_id(0), transcript(video_id=8).event_id(0)}
    assert len(others | {known}) == 4
