"""What is taken out of captions as noise, and what stays, since it may be speech."""

import pytest

from summary_pipeline.summarization.normalization import clean_text


@pytest.mark.parametrize(
    "noise",
    [
        "[Music]", "(applause)", "[ Applause. ]", "[MUSIC PLAYING]", "(laughter and applause)", "[audience laughs]",
        "♪", "♪♪ ♫",
        "*laughs*", "{vocalsound}", "{disfmarker}", "(clears throat)", "(noise)", "[pause]", "[laughter\\]",
        "[Musik]", "(Applaus)",
        "[Música]", "[Risas]", "[Musique]", "[Applaudissements]", "[Музыка]", "(смех)", "[موسيقى]", "[संगीत]",
        "[音楽]", "（拍手）", "（笑）",
        "【掌声】", "［音乐］", "[음악]", "[เสียงดนตรี]", "（空气呼啸）\n(air whooshing)", "[Music] (applause)",
        "Ada: [laughs]", "- Ada: [laughs]", "Ada Lovelace: (rock music)", "SPEAKER_01: {vocalsound}", "♪ [Music] ♪",
        "- [Music]", "(soft music) [Applause]", "（與會者大笑）", "(rock music)",
    ],
)  # fmt: skip
def test_noise_is_nothing(noise: str) -> None:
    assert clean_text(noise) == ""


@pytest.mark.parametrize(
    "speech",
    [
        "[inaudible] yes", "[Ada] Hello", "(this was later corrected)", "interference (noise) is a problem",
        "[ __ ] yes", "(music theory)",
        "*never* do that", "the (latter) one", "f(x) = [1, 2]", "{name}", "（2017年）", "Ada:", "...",
        "a (bell) curve", "[12:30] next",
    ],
)  # fmt: skip
def test_speech_in_brackets_is_speech(speech: str) -> None:
    assert clean_text(speech) == speech


@pytest.mark.parametrize(
    ("written", "clean"),
    [
        ("Well [laughs] I think so", "Well I think so"),
        ("Right.[Laughter]", "Right."),
        ("That's it (laughter), really", "That's it, really"),
        ("確實（笑）。我們", "確實。我們"),
        ("我（笑）們", "我們"),
        ("Ada: {vocalsound} Yes {disfmarker}", "Ada: Yes"),
        ("♪ la la la ♪", "la la la"),
        ("[Music] Welcome back. [audience laughs] So", "Welcome back. So"),
        ("so [Music] today we", "so today we"),
        ("It ends. (music) Welcome", "It ends. Welcome"),
        ("（音楽）皆さん、こんにちは", "皆さん、こんにちは"),
        ("[음악] 안녕하세요", "안녕하세요"),
        ("*laughs* Yes.", "Yes."),
        ("他（大笑）走了", "他走了"),
    ],
)
def test_noise_is_taken_out_of_speech(written: str, clean: str) -> None:
    assert clean_text(written) == clean


@pytest.mark.parametrize(
    ("written", "clean"),
    [
        ("[Applause] And the winner of this year's prize is:", "And the winner of this year's prize is:"),
        ("And the winner is: [Applause]", "And the winner is:"),
        ("THE WINNER IS: [APPLAUSE]", "THE WINNER IS:"),
        ("[Laughter] He said to me:", "He said to me:"),
        ("[Music] Today's question:", "Today's question:"),
        ("[Music] Question:", "Question:"),
        ("♪ Tell me what you want: ♪", "Tell me what you want:"),
        ("Right. So: [laughs]", "Right. So:"),
        ("得奖者是：[掌声]", "得奖者是："),
    ],
)
def test_what_ends_in_a_colon_is_a_speakers_name_only_where_it_looks_like_one(written: str, clean: str) -> None:
    assert clean_text(written) == clean


@pytest.mark.parametrize(
    "speech",
    [
        "他大学学的是（古典音乐）专业", "彼は（お笑い）芸人です", "我喜欢（流行音乐）和（民族音乐）",
        "这首歌（我们都笑）很好", "그 사람은 (대중음악) 전공이에요", "오늘은 [한국 음악] 이야기",
        "他学的是（音乐）专业", "（音乐）是他的专业",
        "他学的是【音乐】专业", "（我喜欢音乐）",
        "I studied (rock music) at school", "we sell [crowd noise] filters", "their art (music) is old",
        "the *music* industry", "he *laughs* at it", "(audience laughter) shows", "(music) and dance",
        "[We studied] (rock music)",
    ],
)  # fmt: skip
def test_words_beside_speech_that_may_be_spoken_stay(speech: str) -> None:
    assert clean_text(speech) == speech
