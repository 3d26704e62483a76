"""The transcripts of the demo: the samples of the package, or the files of a directory.

Belongs here: finding files and saying which video each belongs to. Does not belong here: parsing them (the pipeline
does), or storing anything (``demo_records``).
"""

import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

from summary_pipeline.contract.object_keys import default_transcript_key
from summary_pipeline.contract.video_id import check_video_id
from summary_pipeline.local.errors import StackError

_SAMPLES = Path(__file__).with_name("samples")
_SUFFIXES = frozenset({".json", ".vtt", ".srt", ".txt"})
_INDEX = "index.json"
_EVENTS = UUID("8d0a6c1e-54b7-5c9c-9c0e-6d1f5a1b7a53")
_LISTS_OF_SNIPPETS = ("snippets", "segments")


@dataclass(frozen=True, slots=True)
class DemoTranscript:
    """A transcript file and the video it is said to belong to."""

    video_id: int
    title: str
    description: str
    file_name: str
    content: bytes

    @property
    def object_key(self) -> str:
        """Where it is uploaded: the contract's key, with the file's own suffix, since that tells the form."""
        return str(Path(default_transcript_key(self.video_id)).with_suffix(Path(self.file_name).suffix.lower()))

    @property
    def snippet_count(self) -> int | None:
        """Snippets of a JSON document that lists them; None for the other forms, which the pipeline counts."""
        if not self.file_name.lower().endswith(".json"):
            return None
        document = _json(self.content)
        if isinstance(document, dict):
            document = next((document[name] for name in _LISTS_OF_SNIPPETS if name in document), None)
        return len(document) if isinstance(document, list) else None

    def event_id(self, attempt: int) -> UUID:
        """Return the id of the event that announces this content for this video: always the same one.

        Args:
            attempt: 0, and one more for each earlier event whose summary failed or was replaced.
        """
        digest = hashlib.sha256(self.content).hexdigest()
        return uuid5(_EVENTS, f"{self.video_id} {digest} {attempt}")


def sample_transcripts() -> list[DemoTranscript]:
    """Return the samples that come with the package."""
    index = {entry["file"]: entry for entry in json.loads((_SAMPLES / _INDEX).read_text(encoding="utf-8"))}
    return [
        DemoTranscript(entry["videoId"], entry["title"], entry["description"], name, (_SAMPLES / name).read_bytes())
        for name, entry in index.items()
    ]


def transcripts_in(directory: Path) -> list[DemoTranscript]:
    """Return the transcripts of a directory, in the order of their videos.

    ``index.json`` is a list of files and no transcript, as in our samples, so it is left out.
    A file's video is the ``videoId`` in it, else the number its name begins with, else the next free one from 1.

    Raises:
        StackError: there are none, or two files are of one video.
    """
    if not directory.is_dir():
        raise StackError(f"{directory} is no directory")
    files = sorted(
        file
        for file in directory.iterdir()
        if file.suffix.lower() in _SUFFIXES and file.name != _INDEX and file.is_file()
    )
    if not files:
        raise StackError(f"{directory} has no transcript files ({', '.join(sorted(_SUFFIXES))})")
    contents = {file: file.read_bytes() for file in files}
    numbers = _number(contents)
    found = [
        DemoTranscript(numbers[file], _title(file, content), f"From {file.name}", file.name, content)
        for file, content in contents.items()
    ]
    return sorted(found, key=lambda transcript: transcript.video_id)


def _number(contents: dict[Path, bytes]) -> dict[Path, int]:
    stated = {file: _stated_video_id(file, content) for file, content in contents.items()}
    numbers = {file: number for file, number in stated.items() if number is not None}
    _require_distinct(numbers)
    free = (number for number in range(1, len(stated) + max(numbers.values(), default=0) + 1))
    taken = set(numbers.values())
    for file in stated:
        if file not in numbers:
            numbers[file] = next(number for number in free if number not in taken)
    return numbers


def _require_distinct(numbers: dict[Path, int]) -> None:
    seen: dict[int, Path] = {}
    for file, number in numbers.items():
        if number in seen:
            raise StackError(f"{seen[number]} and {file.name} are both of video {number}; give one another number")
        seen[number] = file


def _stated_video_id(file: Path, content: bytes) -> int | None:
    document = _json(content) if file.suffix.lower() == ".json" else None
    number = document.get("videoId") if isinstance(document, dict) else None
    if not isinstance(number, int):
        leading = re.match(r"\d+", file.name)
        number = int(leading[0]) if leading else None
    if number is None:
        return None
    try:
        return check_video_id(number)
    except ValueError as error:
        raise StackError(f"{file}: {error}") from error


def _title(file: Path, content: bytes) -> str:
    document = _json(content) if file.suffix.lower() == ".json" else None
    title = document.get("title") if isinstance(document, dict) else None
    return title if isinstance(title, str) and title else file.stem


def _json(content: bytes) -> Any:  # noqa: ANN401 - a document of unknown form
    """None where it is no JSON: saying so is the pipeline's job."""
    try:
        return json.loads(content)
    except ValueError:
        return None
