"""Language models in memory: they implement the protocol at the outer edge, so that everything inside it is real."""

import asyncio
import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from summary_pipeline.summarization.language_model import Completion, CompletionRequest, FinishReason
from summary_pipeline.summarization.tokens import count_tokens
from summary_pipeline.summarization.transcript import Snippet, Transcript

DATA = re.compile(r"^<data (transcript|summaries) (\d{9})>\n(.*?)\n</data \2>$", re.MULTILINE | re.DOTALL)
ENCODING = "o200k_base"

Reply = Callable[[CompletionRequest], Completion]


def kind_of(request: CompletionRequest) -> str:
    return request.purpose


def data_of(request: CompletionRequest) -> str:
    match = DATA.search(request.messages[1].content)
    assert match is not None
    return match[3]


def markers_of(request: CompletionRequest) -> list[int]:
    return [int(number) for number in re.findall(r"^\[(\d+)\] ", data_of(request), re.MULTILINE)]


def sent_tokens(request: CompletionRequest) -> int:
    """Count all that a request sends: messages and schema."""
    schema = "" if request.json_schema is None else json.dumps(request.json_schema.schema, separators=(",", ":"))
    return sum(count_tokens(text, ENCODING) for text in (*(message.content for message in request.messages), schema))


def completion(
    request: CompletionRequest,
    text: str | Mapping[str, Any],
    *,
    finish_reason: FinishReason = "stop",
    refusal: str | None = None,
) -> Completion:
    written = text if isinstance(text, str) else json.dumps(text, ensure_ascii=False)
    return Completion(
        text=written,
        finish_reason=finish_reason,
        model=f"{request.model}-2026-01-01",
        input_tokens=sent_tokens(request),
        output_tokens=count_tokens(written, ENCODING),
        refusal=refusal,
    )


def faithful_lines(request: CompletionRequest) -> str:
    """Answer about a part as a model does that keeps to all it is told, citing markers that it was shown."""
    markers = markers_of(request)
    return "\n".join(f"[{at}] What snippet {at} says." for at in markers[:: max(1, len(markers) // 3)][:3])


def faithful_answer(request: CompletionRequest) -> dict[str, Any]:
    """Give the last answer as such a model does."""
    markers = markers_of(request)
    chapters = [{"at": at, "title": f"Section {at}"} for at in markers[:: max(1, len(markers) // 5)]]
    return {
        "sentences": [f"Sentence {number} sums up the video." for number in range(1, 6)],
        "key_points": [{"at": markers[0], "text": "The video begins."}] if markers else [],
        "chapters": chapters,
        "topics": ["speech"],
        "language": "en",
    }


def faithful(request: CompletionRequest) -> Completion:
    return completion(
        request, faithful_answer(request) if kind_of(request) == "final_summary" else faithful_lines(request)
    )


class ScriptedModel:
    """Answers what ``reply`` says, after ``pause``, and remembers what it was asked."""

    def __init__(self, reply: Reply = faithful, *, pause: Callable[[], Any] | None = None) -> None:
        self._reply = reply
        self._pause = pause
        self.requests: list[CompletionRequest] = []
        self.under_way = 0
        self.most_at_once = 0
        self.cancelled = 0

    @property
    def kinds(self) -> list[str]:
        return [kind_of(request) for request in self.requests]

    async def complete(self, request: CompletionRequest) -> Completion:
        self.requests.append(request)
        self.under_way += 1
        self.most_at_once = max(self.most_at_once, self.under_way)
        try:
            await (asyncio.sleep(0) if self._pause is None else self._pause())
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        finally:
            self.under_way -= 1
        return self._reply(request)


PROSE = """the harbour opened early and boats left while people on the quay argued about prices and the weather kept
changing so nobody could say whether the market would last until noon or close before it"""


def speech(tokens: int, *, timed: bool = True, per_snippet: int = 12) -> Transcript:
    """Return a transcript of about so many tokens, of numbered snippets that all differ."""
    prose = PROSE.split()
    snippets = []
    for index in range(max(1, tokens // (per_snippet + 2))):
        words = [prose[(index * 7 + offset * 3) % len(prose)] for offset in range(per_snippet)]
        text = f"{index} {' '.join(words)}{'.' if index % 4 == 3 else ''}"
        times = (index * 5.0, index * 5.0 + 5.0) if timed else (None, None)
        snippets.append(Snippet(text=text, start=times[0], end=times[1]))
    return Transcript(snippets=tuple(snippets), language="en")
