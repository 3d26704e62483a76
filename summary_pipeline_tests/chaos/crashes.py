"""Killing parts of a running stack at their times, and bringing back whatever is down, as a service manager would.

Belongs here: the loop. Does not belong here: when and which (``script``).
"""

import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Sequence

from summary_pipeline.local.errors import PortTakenError
from summary_pipeline.local.processes import send_signal
from summary_pipeline.local.stack import LocalStack
from summary_pipeline_tests.chaos.script import Kill

WORKER_PROCESS = "worker-process"
"""One of the worker's processes, not all of them."""
DATABASE_SESSION = "postgresql-session"
"""One of PostgreSQL's processes, after which it cuts all sessions and recovers."""
_WITHIN = {WORKER_PROCESS: "worker", DATABASE_SESSION: "postgresql"}

TARGETS: Sequence[str] = (
    "code-server",
    "daemon",
    "worker",
    WORKER_PROCESS,
    "postgresql",
    DATABASE_SESSION,
    "s3",
    "kafka",
    "relay",
)
_PAUSE_SECONDS = 0.1
_LEAST_SECONDS_UP = 1.0


class Crashes:
    """What has been killed so far, and what is down. ``stack`` is driven from one thread, the one that started it."""

    def __init__(self, stack: LocalStack, kills: Sequence[Kill], *, seed: int) -> None:
        self.killed: Counter[str] = Counter()
        self.died: Counter[str] = Counter()
        """Parts that ended by themselves, which was not asked for, and were started again."""
        self._stack = stack
        self._left = list(kills)
        self._down: dict[str, float] = {}
        self._started = 0.0
        self._draw = random.Random(seed)  # noqa: S311 - repeatable on purpose

    def run(self, *, started: float, until: Callable[[], bool]) -> None:
        """Kill and bring back until all kills are done, all parts are up and ``until`` says so."""
        self._started = started
        while self._left or self._down or not until():
            now = time.monotonic()
            if self._left and now >= started + self._left[0].at:
                self._kill(self._left.pop(0), now)
            self.bring_back(now)
            time.sleep(_PAUSE_SECONDS)

    def bring_back(self, now: float) -> None:
        """Start what is down and due, or has died by itself."""
        for name in self._stack.supervisor.dead():
            self.died[name] += 1
            self._down.setdefault(name, now + _LEAST_SECONDS_UP)
            self._stack.supervisor.kill(name)
        for name in [name for name, back in self._down.items() if now >= back]:
            try:
                self._stack.launch(name)
            except PortTakenError:
                # What was killed has not given its port back yet.
                self._down[name] = now + _LEAST_SECONDS_UP
            else:
                del self._down[name]

    def _kill(self, kill: Kill, now: float) -> None:
        """Kill now, or a little later where there is nothing to be killed because it is down already."""
        part = _WITHIN.get(kill.part, kill.part)
        leader = None if part in self._down else self._stack.supervisor.identity(part)
        members = self._stack.supervisor.members(part) if leader is not None else set()
        below = sorted(members - {leader}, key=lambda process: process.pid)
        if not members or (part != kill.part and not below):
            self._left.insert(0, Kill(now + _LEAST_SECONDS_UP - self._started, kill.part, kill.down))
            return
        self.killed[kill.part] += 1
        if part == kill.part:
            self._stack.supervisor.kill(part)
            self._down[part] = now + kill.down
        else:
            send_signal(self._draw.choice(below), signal.SIGKILL)
