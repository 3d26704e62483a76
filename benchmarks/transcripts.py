"""Transcripts of any length that read like speech, the same on every machine.

Belongs here: making text. Its sentences are those of the package's English samples, in drawn order and with drawn
numbers.
"""

import functools
import random
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from summary_pipeline import local
from summary_pipeline.summarization.parsing.reading import parse_transcript
from summary_pipeline.summarization.sentences import split_sentences
from summary_pipeline.summarization.tokens import count_tokens
from summary_pipeline.summarization.transcript import Snippet, Transcript

SAMPLES = Path(local.__file__).with_name("samples")
FILES = ("101-bicycle-hub.json", "102-loading-container-ships.json", "103-how-food-is-kept.json")
CJK_SENTENCES = (
    "我们先把上一次没有说完的问题再看一遍。",
    "港口的起重机每小时可以装卸三十个集装箱，",
    "可是天气不好的时候只有一半。",
    "你可以看到这里的数字和去年的差别很大，",
    "这就是为什么我们要重新计算成本。",
    "その前に、昨日の実験の結果を確認しましょう。",
    "温度が三度上がると、保存できる期間は半分になります。",
    "질문이 있으시면 언제든지 말씀해 주세요.",
)
WORDS_A_SECOND = 2.5


def speech(tokens: int, *, seed: int = 0) -> Transcript:
    """Return timed English speech, one to three sentences a snippet: ``tokens`` tokens less a part of a snippet."""
    drawn = random.Random(seed)  # noqa: S311 - repeatable on purpose
    texts: list[str] = []
    drawn_tokens = 0
    while drawn_tokens <= tokens:
        texts.append(" ".join(_sentence(drawn) for _ in range(drawn.randint(1, 3))))
        # Without the line break after it, which mostly makes one token with the full stop.
        drawn_tokens += count_tokens(texts[-1])
    while count_tokens("\n".join(texts)) > tokens:
        texts.pop()
    return Transcript(snippets=tuple(_timed(texts, drawn)), language="en")


def east_asian(characters: int) -> Transcript:
    """Return about so many characters of Chinese, Japanese and Korean, a sentence a snippet."""
    drawn = random.Random(0)  # noqa: S311 - repeatable on purpose
    count = characters // (sum(map(len, CJK_SENTENCES)) // len(CJK_SENTENCES))
    return Transcript(snippets=tuple(Snippet(text=drawn.choice(CJK_SENTENCES)) for _ in range(count)))


def unbroken(characters: int) -> Transcript:
    """Return one snippet of letters without a blank, a full stop or a repetition."""
    drawn = random.Random(0)  # noqa: S311 - repeatable on purpose
    return Transcript(snippets=(Snippet(text="".join(drawn.choices("abcdefghijklmnopqrstuvwxyz", k=characters))),))


def one_snippet(transcript: Transcript) -> Transcript:
    """Return the same speech as one endless snippet: what a document with only ``{"text"}`` gives."""
    return Transcript(snippets=(Snippet(text=transcript.text.replace("\n", " ")),), language=transcript.language)


def _timed(texts: Iterable[str], drawn: random.Random) -> Iterator[Snippet]:
    start = 0.0
    for text in texts:
        end = start + len(text.split()) / WORDS_A_SECOND
        yield Snippet(text=text, start=round(start, 2), end=round(end, 2))
        start = end + drawn.choice((0.1, 0.3, 0.6, 2.5))


def _sentence(drawn: random.Random) -> str:
    return re.sub(r"\d+", lambda _: str(drawn.randint(2, 900)), drawn.choice(_sentences()))


@functools.cache
def _sentences() -> tuple[str, ...]:
    return tuple(_read_sentences())


def _read_sentences() -> Iterator[str]:
    for name in FILES:
        transcript = parse_transcript((SAMPLES / name).read_bytes(), key=name)
        text = " ".join(snippet.text for snippet in transcript.snippets)
        yield from (sentence for sentence in split_sentences(text) if len(sentence.split()) > 2)
