"""``python -m summary_pipeline_tests.chaos --events 300 --kills 60 --seed 1``: a chaos run and its row of the table.

The exit status is 0 where all is at rest and every invariant holds.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path
from typing import cast

from summary_pipeline.local.apache_kafka import missing_programs
from summary_pipeline_tests.chaos.experiment import Broker, Result, run_experiment


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m summary_pipeline_tests.chaos", description=__doc__)
    parser.add_argument("--events", type=int, default=300, help="messages to send")
    parser.add_argument("--kills", type=int, default=60, help="SIGKILLs")
    parser.add_argument("--seed", type=int, default=int(time.time()), help="what the script is drawn from")
    parser.add_argument("--kafka", choices=("apache", "mock"), help="default: Apache Kafka where Java and Maven are")
    parser.add_argument("--keep", type=Path, help="keep the stack's data and logs in this directory")
    arguments = parser.parse_args()
    kafka = cast("Broker", arguments.kafka or ("mock" if missing_programs() else "apache"))
    if kafka == "mock":
        _say("The mock broker keeps its messages in memory: it is not among what is killed.")
    _say(f"Seed {arguments.seed}: {arguments.events} events, {arguments.kills} kills, {kafka} broker.")
    with tempfile.TemporaryDirectory(prefix="summary-pipeline-chaos-", ignore_cleanup_errors=True) as temporary:
        result = run_experiment(
            arguments.keep or Path(temporary),
            seed=arguments.seed,
            events=arguments.events,
            kills=arguments.kills,
            kafka=kafka,
        )
    _report(result)
    return 1 if result.violations or result.unsettled else 0


def _report(result: Result) -> None:
    _say(f"killed: {_counts(result.killed)}")
    _say(f"died by themselves and were started again: {_counts(result.died) or 'none'}")
    _say(f"{result.chaos_seconds:.0f} s of chaos, at rest {result.settling_seconds:.0f} s later")
    _say(f"events: {_counts(result.outcomes)}")
    _say(f"failed because of: {_counts(result.failures)}")
    sent, dead = len(result.snapshot.summarized), len(result.snapshot.letters)
    _say(f"video.summarized: {len(result.snapshot.outbox)} ids, {sent} messages; dead letters: {dead} messages")
    for trouble in (*result.unsettled, *result.violations):
        _say(f"VIOLATION {trouble}")
    _say(f"violations: {len(result.violations)}")


def _counts(counts: object) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(dict(counts).items()))  # type: ignore[call-overload]


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
