from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from summary_pipeline.summarization.citations import resolve_chapters, resolve_points
from summary_pipeline.summarization.structured import CitedText, CitedTitle

MARKERS = {0: 0.0, 10: 40.0, 20: 95.5, 30: 95.5, 40: 60.0, 50: None, 60: 200.0}


def titles(*cited: tuple[int, str]) -> list[CitedTitle]:
    return [CitedTitle(at=at, title=title) for at, title in cited]


def test_times_are_looked_up_from_the_cited_snippets() -> None:
    chapters, notes = resolve_chapters(titles((0, "Start"), (10, "Middle"), (20, "End")), MARKERS)
    assert [(chapter.title, chapter.snippet, chapter.start) for chapter in chapters] == [
        ("Start", 0, 0.0),
        ("Middle", 10, 40.0),
        ("End", 20, 95.5),
    ]
    assert notes == ()


def test_chapters_come_in_the_order_of_the_video() -> None:
    chapters, notes = resolve_chapters(titles((20, "C"), (0, "A"), (10, "B")), MARKERS)
    assert [chapter.title for chapter in chapters] == ["A", "B", "C"]
    assert notes == ()


def test_what_can_not_be_a_chapter_is_dropped_with_a_note() -> None:
    cited = titles((0, "A"), (0, "B"), (10, "a"), (11, "C"), (20, ""), (30, "D"), (40, "E"))
    chapters, notes = resolve_chapters(cited, {**MARKERS, 20: 95.5})
    assert [chapter.title for chapter in chapters] == ["A", "D"]
    assert notes == (
        "A chapter was dropped: another one starts at snippet 0.",
        "A chapter was dropped: it has the title of the one before (snippet 10).",
        "A chapter was dropped: it cites snippet 11, which was not shown.",
        "A chapter was dropped: it has no title.",
        "A chapter was dropped: snippet 40 does not start after the chapter before.",
    )


def test_transcripts_without_times_give_chapters_without_times() -> None:
    chapters, _ = resolve_chapters(titles((0, "A"), (7, "B")), {0: None, 7: None})
    assert [(chapter.title, chapter.start) for chapter in chapters] == [("A", None), ("B", None)]


@given(
    st.lists(st.tuples(st.integers(-5, 70), st.sampled_from(["A", "a", "B", "", "C"])), max_size=12),
    st.dictionaries(st.integers(0, 60), st.none() | st.floats(0, 700_000), max_size=30),
)
def test_chapters_rise_strictly_and_cite_only_what_was_shown(
    cited: list[tuple[int, str]], markers: dict[int, float | None]
) -> None:
    chapters, notes = resolve_chapters(titles(*cited), markers)
    assert all(markers[chapter.snippet] == chapter.start and chapter.title for chapter in chapters)
    assert all(before.snippet < after.snippet for before, after in pairwise(chapters))
    starts = [chapter.start for chapter in chapters if chapter.start is not None]
    assert all(before < after for before, after in pairwise(starts))
    assert len(chapters) + len(notes) == len(cited)


def test_a_key_point_with_a_wrong_citation_stays_without_it() -> None:
    cited = [CitedText(at=10, text="kept"), CitedText(at=99, text="uncited"), CitedText(at=0, text="Kept")]
    points, notes = resolve_points(cited, MARKERS)
    assert [(point.text, point.snippet, point.start) for point in points] == [
        ("kept", 10, 40.0),
        ("uncited", None, None),
    ]
    assert notes == ("A statement lost its citation: it cites snippet 99, which was not shown.",)
