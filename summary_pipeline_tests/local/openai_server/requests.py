"""Requests as our summarizer and other clients send them, for the tests of the server.

Belongs here: building requests. Does not belong here: tests.
"""

import json
from typing import Any

from summary_pipeline.local.openai_server.chat_request import ChatRequest, parse_chat_request
from summary_pipeline.local.openai_server.configuration import ServerConfig
from summary_pipeline.summarization.chunking import ChunkSegment
from summary_pipeline.summarization.language_model import JsonSchema
from summary_pipeline.summarization.parameters import SummarizationParameters
from summary_pipeline.summarization.prompts import (
    LineToShow,
    map_instructions,
    render_parts,
    render_transcript,
    user_message,
)
from summary_pipeline.summarization.structured import final_schema

PARAMETERS = SummarizationParameters()

ENGLISH = (
    "Welcome to the harbour museum and to our evening about lighthouses.",
    "The first lighthouse on this coast was built of oak and burned down within a year.",
    "Its successor was a granite tower with a lamp that burned whale oil.",
    "Keepers climbed two hundred steps every four hours to wind the clockwork of the lens.",
    "The Fresnel lens made the light visible from twenty miles instead of six.",
    "A Fresnel lens is a stack of glass prisms which bend the light of the lamp into one beam.",
    "When the tower was wired for electricity, the keepers were no longer needed.",
    "Today the granite tower belongs to the museum, and the Fresnel lens still turns.",
    "Visitors can climb the steps of the tower on the first Sunday of every month.",
    "The money from the tickets pays for the restoration of the oak stairs.",
)
CHINESE = (
    "欢迎来到海港博物馆，今天我们谈灯塔的历史。",
    "这片海岸上的第一座灯塔是用橡木建造的，一年之内就被烧毁了。",
    "后来的灯塔是花岗岩建造的，灯里烧的是鲸油。",
    "菲涅尔透镜让灯光在二十海里以外也能看见。",
    "菲涅尔透镜由许多玻璃棱镜组成，把灯光汇成一束。",
    "灯塔通电以后，守塔人就不再需要了。",
    "今天花岗岩灯塔属于博物馆，菲涅尔透镜仍在转动。",
)
ARABIC = (
    "أهلا بكم في متحف الميناء في أمسية عن المنارات.",
    "بنيت المنارة الأولى على هذا الساحل من خشب البلوط واحترقت خلال سنة.",
    "المنارة التالية كانت برجا من الجرانيت ومصباحها يحرق زيت الحوت.",
    "عدسة فرينل جعلت ضوء المنارة مرئيا من عشرين ميلا.",
    "عندما وصلت الكهرباء إلى المنارة لم تعد هناك حاجة إلى الحراس.",
    "اليوم تنتمي المنارة إلى المتحف وما زالت عدسة فرينل تدور.",
)
CAPTIONS = (
    "so today we want to look at how the tide mill works and why it was built here and not further up the river",
    "the mill pond fills with the flood and the gate closes by itself when the tide turns and then the miller waits",
    "after three hours the water outside is low enough and the wheel can turn until the pond is empty again you know",
    "so the miller worked twice a day and every day fifty minutes later because the tide does not care about the clock",
)


def transcript_data(snippets: tuple[str, ...]) -> str:
    """Show snippets as the summarizer does, five seconds each."""
    segments = [ChunkSegment(snippet=i, text=text, start=5.0 * i, end=5.0 * i + 5) for i, text in enumerate(snippets)]
    return user_message("transcript", render_transcript(segments).text)


def summaries_data(parts: int) -> str:
    """Show the summaries of up to eight parts, each about something else."""
    subjects = ("mills", "harbours", "bridges", "ferries", "canals", "locks", "dykes", "pumps")
    shown = [
        [
            LineToShow(100 * n, f"The {subject} of part {n} were built in 18{n:02}.", None),
            LineToShow(100 * n + 50, f"The council paid for the {subject}.", None),
        ]
        for n, subject in enumerate(subjects[:parts])
    ]
    return user_message("summaries", render_parts(shown).text)


def partial_request(data: str, *, limit: int = 200) -> ChatRequest:
    """Ask for the summary of a part."""
    return request(data, instructions=map_instructions(PARAMETERS, "en"), max_tokens=limit)


def final_request(data: str, *, limit: int = 500, sentences: tuple[int, int] = (4, 6)) -> ChatRequest:
    """Ask for the final summary."""
    return request(data, schema=final_schema(PARAMETERS, sentences), max_tokens=limit)


def request(
    data: str, *, instructions: str = "Summarize.", schema: JsonSchema | None = None, **parameters: object
) -> ChatRequest:
    """Parse a request with a system message and ``data`` from the user."""
    return parse_chat_request(body(data, instructions=instructions, schema=schema, **parameters), ServerConfig())


def body(
    data: str, *, instructions: str = "Summarize.", schema: JsonSchema | None = None, **parameters: object
) -> bytes:
    """Return the body of such a request; ``parameters`` are added to it, those that are None taken away."""
    messages = [{"role": "system", "content": instructions}, {"role": "user", "content": data}]
    document: dict[str, Any] = {"model": "gpt-6-luna", "messages": messages, **parameters}
    if schema is not None:
        wanted = {"name": schema.name, "schema": schema.schema, "strict": True}
        document["response_format"] = {"type": "json_schema", "json_schema": wanted}
    return json.dumps({name: value for name, value in document.items() if value is not None}).encode()
