"""One chaos run: the whole stack, a script, and what the stores hold afterwards.

Belongs here: the course of a run and its result. Does not belong here: its parts (``script``, ``world``, ``crashes``,
``snapshot``, ``invariants``).
"""

import threading
import time
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import httpx

from summary_pipeline.local.stack import LocalStack
from summary_pipeline_tests.chaos.crashes import TARGETS, Crashes
from summary_pipeline_tests.chaos.invariants import violations
from summary_pipeline_tests.chaos.outcomes import Outcome, outcomes, unsettled
from summary_pipeline_tests.chaos.script import Script, write_script
from summary_pipeline_tests.chaos.snapshot import Snapshot, take_snapshot
from summary_pipeline_tests.chaos.world import Transcriber, persistently, set_the_scene

Broker = Literal["mock", "apache"]

ENVIRONMENT = {
    # Of the settings, only waits are shortened. dagster.yaml is as it is shipped.
    "SUMMARY_RETRY_DELAY_SECONDS": "5",
    "SUMMARY_RELAY_POLL_SECONDS": "0.5",
    "SUMMARY_SWEEP_AFTER_SECONDS": "30",
}
# The model's provider has its own bad days beside ours.
_PROVIDER = {
    "latency_seconds": 0.3,
    "faults": [
        {"kind": "error", "probability": 0.04, "status": 503},
        {"kind": "rate_limited", "probability": 0.04, "retry_after_seconds": 0.5},
        {"kind": "dropped_connection", "probability": 0.03},
        {"kind": "slow", "probability": 0.1, "seconds": 2},
    ],
}
_LOOK_SECONDS = 5.0
_LONGEST_SETTLING_SECONDS = 900.0


@dataclass(frozen=True, slots=True)
class Result:
    """What a run came to. Times are in seconds."""

    script: Script
    killed: Mapping[str, int]
    died: Mapping[str, int]
    chaos_seconds: float
    settling_seconds: float
    snapshot: Snapshot
    unsettled: tuple[str, ...]
    violations: tuple[str, ...]

    @property
    def outcomes(self) -> Mapping[Outcome, int]:
        """How many events came to which end."""
        return Counter(outcomes(self.snapshot).values())

    @property
    def failures(self) -> Mapping[str, int]:
        """Why events failed: the beginning of each reason, and how often."""
        ends = outcomes(self.snapshot)
        last = {step.event_id: step.reason for step in self.snapshot.steps if step.event_id in ends}
        failed = (reason for event, reason in last.items() if ends[event or ""] is Outcome.FAILED)
        told = ("missing transcript" if "does not exist" in reason else reason.split(",")[0] for reason in failed)
        return Counter(reason[:60] for reason in told)


def targets(kafka: Broker) -> tuple[str, ...]:
    """Return what can be killed. The mock broker keeps its messages in memory only: killing it would lose them."""
    return tuple(target for target in TARGETS if target != "kafka" or kafka == "apache")


def run_experiment(
    directory: Path, *, seed: int, events: int, kills: int, kafka: Broker, seconds_per_kill: float = 6.0
) -> Result:
    """Run a script on a new stack in ``directory``; return once all is at rest, or has had time enough for that."""
    script = write_script(seed, events=events, kills=kills, parts=targets(kafka), seconds_per_kill=seconds_per_kill)
    with LocalStack(directory, ENVIRONMENT, kafka=kafka) as stack, ThreadPoolExecutor(2) as threads:
        environment = dict(stack.environment)
        _spoil_the_provider(environment["OPENAI_BASE_URL"])
        set_the_scene(script, environment)
        stop = threading.Event()
        crashes = Crashes(stack, script.kills, seed=seed)
        started = time.monotonic()
        try:
            sending = threads.submit(Transcriber(environment, stopped=stop.is_set).send_all, script, started=started)
            crashes.run(started=started, until=sending.done)
            sending.result()
            chaos_seconds = time.monotonic() - started
            settling = threads.submit(_settle, script, environment, stop)
            crashes.run(started=started, until=settling.done)
            snapshot = settling.result()
        finally:
            stop.set()
        return Result(
            script=script,
            killed=dict(crashes.killed),
            died=dict(crashes.died),
            chaos_seconds=chaos_seconds,
            settling_seconds=time.monotonic() - started - chaos_seconds,
            snapshot=snapshot,
            unsettled=tuple(unsettled(snapshot)),
            violations=tuple(violations(snapshot)),
        )


def _settle(script: Script, environment: Mapping[str, str], stop: threading.Event) -> Snapshot:
    """Look until nothing is still to come, twice in a row, so that what comes unasked is seen too."""
    deadline = time.monotonic() + _LONGEST_SETTLING_SECONDS
    before: Snapshot | None = None
    while True:
        snapshot = persistently(lambda: take_snapshot(script, environment), stopped=stop.is_set)
        if (not unsettled(snapshot) and snapshot == before) or time.monotonic() > deadline:
            return snapshot
        before = snapshot
        if stop.wait(_LOOK_SECONDS):
            return snapshot


def _spoil_the_provider(base_url: str) -> None:
    url = f"{base_url.removesuffix('/v1')}/_control/behaviour"
    httpx.post(url, json=_PROVIDER).raise_for_status()
