"""How a contestant is run: in a process of its own, warm, told when to start.

Belongs here: the exchange between the benchmark and a contestant's process, over its standard input and output, a line
each way: a ``Job`` in, ``ready`` out, ``go`` in, a ``Finish`` out. Nothing of the package is imported here, so that a
peer needs none of it.
"""

import asyncio
import json
import os
import resource
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

MAP_OUTPUT_TOKENS = 200
FINAL_OUTPUT_TOKENS = 500
ENCODING = "o200k_base"
SMALL_TEXT = "Good morning. This is said before the clock starts, so that everything is loaded. Thank you, and goodbye."


@dataclass(frozen=True)
class Job:
    """What to summarize, where, and what is allowed. Texts have a snippet a line."""

    base_url: str
    text_files: tuple[str, ...]
    chunk_tokens: int
    at_once: int
    requests_per_minute: float | None
    tokens_per_minute: float | None

    def texts(self) -> list[str]:
        return [Path(name).read_text(encoding="utf-8") for name in self.text_files]


@dataclass(frozen=True)
class Finish:
    """Seconds from ``go`` to the last summary, and the CPU seconds of the process in that time."""

    seconds: float
    cpu_seconds: float
    summaries: tuple[str, ...]


Summarize = Callable[[Sequence[str]], Awaitable[Sequence[str]]]
"""Returns a summary of each text, all texts worked on at once."""


def run(make: Callable[[Job], Summarize]) -> None:
    """Be a contestant: read the job, warm up, wait for the word, summarize, report."""
    job = Job(**json.loads(sys.stdin.readline()))
    report = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # whatever a library prints is no report
    asyncio.run(_run(job, make(job), report.write, report.flush))


async def _run(job: Job, summarize: Summarize, write: Callable[[str], object], flush: Callable[[], None]) -> None:
    texts = job.texts()
    await summarize([SMALL_TEXT])
    write("ready\n")
    flush()
    sys.stdin.readline()
    started, cpu_started = time.monotonic(), _cpu_seconds()
    summaries = await summarize(texts)
    finish = Finish(time.monotonic() - started, _cpu_seconds() - cpu_started, tuple(summaries))
    write(json.dumps(asdict(finish)) + "\n")
    flush()


def _cpu_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime
