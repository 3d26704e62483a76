from benchmarks.chunking import measure
from benchmarks.transcripts import east_asian, one_snippet, speech, unbroken
from summary_pipeline.summarization.tokens import count_tokens


def test_speech_is_as_long_as_asked_for_and_always_the_same() -> None:
    transcript = speech(5_000, seed=3)
    assert 4_800 < count_tokens(transcript.text) <= 5_000
    assert transcript == speech(5_000, seed=3)
    assert transcript != speech(5_000, seed=4)


def test_speech_has_times_in_order() -> None:
    snippets = speech(3_000).snippets
    starts = [snippet.start for snippet in snippets if snippet.start is not None]
    assert len(starts) == len(snippets)
    assert starts == sorted(starts)


def test_one_snippet_is_the_same_speech_without_breaks() -> None:
    transcript = speech(2_000)
    assert [one_snippet(transcript).text] == [transcript.text.replace("\n", " ")]
    assert len(one_snippet(transcript).snippets) == 1


def test_the_worst_cases_are_as_long_as_asked_for() -> None:
    assert 9_000 < len(east_asian(10_000).text) < 11_500
    assert len(unbroken(10_000).text) == 10_000


def test_both_times_are_taken_of_the_whole_transcript() -> None:
    cost = measure(speech(20_000), seconds=0.0, least_rounds=1)
    assert cost.encode > 0
    assert cost.chunk > 0
    assert sum(chunk.tokens for chunk in cost.chunks.chunks) == cost.chunks.transcript_tokens > 19_800
