"""Which Kafka brokers the tests run on, and starting one.

``KAFKA_BROKERS`` adds the cluster it names. ``SUMMARY_TEST_APACHE_KAFKA`` adds a real Apache Kafka: ``1`` insists on
it, ``auto`` takes it where Java and Maven are there, anything else leaves it out.
"""

import contextlib
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from summary_pipeline.local.apache_kafka import ApacheKafka, missing_programs
from summary_pipeline.local.kafka_broker import MockKafka


@dataclass(frozen=True)
class KafkaChoice:
    """A broker that tests run on."""

    name: str
    address: str | None = None


@dataclass(frozen=True)
class KafkaChoices:
    """The brokers that tests run on, and those they do not, with the reason."""

    chosen: tuple[KafkaChoice, ...]
    left_out: Mapping[str, str]


def choose_brokers(environment: Mapping[str, str], find_missing: Callable[[], list[str]]) -> KafkaChoices:
    """Return the brokers for ``environment``; ``find_missing`` is asked only where the answer matters."""
    chosen = [KafkaChoice("mock")]
    left_out: dict[str, str] = {}
    if address := environment.get("KAFKA_BROKERS"):
        chosen.append(KafkaChoice("external", address))
    wish = environment.get("SUMMARY_TEST_APACHE_KAFKA", "0")
    missing = find_missing() if wish == "auto" else []
    if wish == "1" or (wish == "auto" and not missing):
        chosen.append(KafkaChoice("apache"))
    elif missing:
        left_out["Apache Kafka"] = f"not installed: {', '.join(missing)}"
    else:
        left_out["Apache Kafka"] = "SUMMARY_TEST_APACHE_KAFKA is neither 1 nor auto"
    return KafkaChoices(tuple(chosen), left_out)


@contextlib.contextmanager
def start_broker(choice: KafkaChoice, directory: Path) -> Iterator[tuple[str, str]]:
    """Run the broker; yield its bootstrap address and what a report calls it."""
    if choice.address is not None:
        yield choice.address, f"the cluster that KAFKA_BROKERS names ({choice.address})"
        return
    broker = (MockKafka if choice.name == "mock" else ApacheKafka)(directory / f"kafka-{choice.name}")
    with broker:
        yield broker.address, broker.kind


KAFKA_BROKERS_FOR_TESTS = choose_brokers(os.environ, missing_programs)
