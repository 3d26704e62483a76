"""From the snippet indices that a model cites to times, checked against what it was shown.

Belongs here: looking up citations, ordering chapters. Does not belong here: showing markers (``prompts``), reading
answers (``cited_lines``, ``structured``).
"""

import re
from collections.abc import Iterable, Mapping

from summary_pipeline.summarization.cited_lines import CitedLine
from summary_pipeline.summarization.markers import MARKER
from summary_pipeline.summarization.structured import CitedText, CitedTitle, FinalAnswer
from summary_pipeline.summarization.summary import Chapter, KeyPoint

Markers = Mapping[int, float | None]
"""The snippet indices that a request showed, each with the second at which it starts."""


_MARKER_LEFT = re.compile(rf"\s*{MARKER}")


def without_markers(answer: FinalAnswer, markers: Markers) -> FinalAnswer:
    """Return the last answer without the markers that stand in its texts: readers of a summary know of none.

    Only those that the call showed are taken out; other numbers in brackets may be what was said.
    """

    def cleaned(text: str) -> str:
        return _MARKER_LEFT.sub(lambda found: "" if int(found[1]) in markers else found[0], text).strip()

    return answer.model_copy(
        update={
            "sentences": tuple(map(cleaned, answer.sentences)),
            "key_points": tuple(point.model_copy(update={"text": cleaned(point.text)}) for point in answer.key_points),
            "chapters": tuple(one.model_copy(update={"title": cleaned(one.title)}) for one in answer.chapters),
            "topics": tuple(map(cleaned, answer.topics)),
        }
    )


def resolve_points(
    cited: Iterable[CitedText | CitedLine], markers: Markers
) -> tuple[tuple[KeyPoint, ...], tuple[str, ...]]:
    """Return what is said with its times, and notes. What cites a snippet that was not shown stays, without citation.

    Empty and repeated texts are left out.
    """
    points: list[KeyPoint] = []
    notes: list[str] = []
    seen: set[str] = set()
    for point in cited:
        if not point.text or point.text.casefold() in seen:
            continue
        seen.add(point.text.casefold())
        if point.at is not None and point.at in markers:
            points.append(KeyPoint(text=point.text, snippet=point.at, start=markers[point.at]))
        else:
            points.append(KeyPoint(text=point.text))
            if point.at is not None:
                notes.append(f"A statement lost its citation: it cites snippet {point.at}, which was not shown.")
    return tuple(points), tuple(notes)


def resolve_chapters(cited: Iterable[CitedTitle], markers: Markers) -> tuple[tuple[Chapter, ...], tuple[str, ...]]:
    """Return chapters in the order of the video, and notes on those that were dropped.

    Dropped are citations of what was not shown, second chapters at one snippet or with one title after another, and
    those whose time is not after the time of the chapter before (transcripts with disordered times). The result's
    snippets rise strictly, and so do the times that are known.
    """
    chapters: list[Chapter] = []
    notes: list[str] = []
    latest = float("-inf")
    for chapter in sorted(cited, key=lambda chapter: chapter.at):
        reason = _reason_to_drop(chapter, chapters, markers, latest)
        if reason is not None:
            notes.append(f"A chapter was dropped: {reason}.")
            continue
        start = markers[chapter.at]
        chapters.append(Chapter(title=chapter.title, snippet=chapter.at, start=start))
        latest = latest if start is None else start
    return tuple(chapters), tuple(notes)


def _reason_to_drop(chapter: CitedTitle, before: list[Chapter], markers: Markers, latest: float) -> str | None:
    if not chapter.title:
        return "it has no title"
    if chapter.at not in markers:
        return f"it cites snippet {chapter.at}, which was not shown"
    if before and before[-1].snippet == chapter.at:
        return f"another one starts at snippet {chapter.at}"
    if before and before[-1].title.casefold() == chapter.title.casefold():
        return f"it has the title of the one before (snippet {chapter.at})"
    start = markers[chapter.at]
    if start is not None and start <= latest:
        return f"snippet {chapter.at} does not start after the chapter before"
    return None
