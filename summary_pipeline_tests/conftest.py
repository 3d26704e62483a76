"""Servers for all tests: real ones, started when the first test asks and stopped when the session ends.

Each pytest-xdist worker has its own. A test that changes what others see takes a database, bucket or topic of its own.
"""

import contextlib
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from summary_pipeline.local.offline_openai import OfflineOpenAI
from summary_pipeline.local.postgresql import EmbeddedPostgres
from summary_pipeline.local.s3_server import EmbeddedS3
from summary_pipeline_tests.distribution import OneWorkerForAStack, unit_of_work
from summary_pipeline_tests.kafka_brokers import KAFKA_BROKERS_FOR_TESTS, KafkaChoice, start_broker

_BROKERS_USED = pytest.StashKey[list[str]]()
_SLOWEST = ("end_to_end", "browser", "chaos", "servers")
"""Markers, those of the slowest tests first."""


@pytest.fixture(scope="session")
def server_directory() -> Iterator[Path]:
    """Where this session's servers keep their data. Not pytest's own folder, which keeps old sessions."""
    with tempfile.TemporaryDirectory(prefix="summary-pipeline-tests-", ignore_cleanup_errors=True) as directory:
        yield Path(directory)


@pytest.fixture(scope="session")
def postgres_server(server_directory: Path) -> Iterator[EmbeddedPostgres]:
    """A PostgreSQL server: ``create_database(name)``, then ``url(name)`` or ``environment(name)``."""
    # Durability is what the tests in local/ are about, with servers of their own.
    settings = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}
    with EmbeddedPostgres(server_directory / "postgresql", settings=settings) as server:
        yield server


@pytest.fixture(scope="session")
def s3_server(server_directory: Path) -> Iterator[EmbeddedS3]:
    """An S3 server: ``client()``, ``create_bucket(name)``, ``endpoint``, ``environment()``."""
    with EmbeddedS3(server_directory / "s3") as server:
        yield server


@pytest.fixture(scope="session")
def openai_server(server_directory: Path) -> Iterator[OfflineOpenAI]:
    """The offline server with OpenAI's API: ``base_url``, ``environment()``."""
    with OfflineOpenAI(server_directory / "openai") as server:
        yield server


@pytest.fixture(scope="session")
def kafka_brokers(pytestconfig: pytest.Config, server_directory: Path) -> Iterator[Callable[[KafkaChoice], str]]:
    """Returns the bootstrap address of a broker, which is started when it is first asked for."""
    addresses: dict[KafkaChoice, str] = {}
    with contextlib.ExitStack() as started:

        def address_of(choice: KafkaChoice) -> str:
            if choice not in addresses:
                addresses[choice], description = started.enter_context(start_broker(choice, server_directory))
                pytestconfig.stash.setdefault(_BROKERS_USED, []).append(description)
            return addresses[choice]

        yield address_of


@pytest.fixture(scope="session", params=KAFKA_BROKERS_FOR_TESTS.chosen, ids=lambda choice: choice.name)
def kafka_bootstrap(request: pytest.FixtureRequest, kafka_brokers: Callable[[KafkaChoice], str]) -> str:
    """Bootstrap address of each broker that can be had: for what our own clients promise on any of them."""
    return kafka_brokers(request.param)


@pytest.fixture(scope="session")
def kafka_address(kafka_brokers: Callable[[KafkaChoice], str]) -> str:
    """Bootstrap address of the broker nearest to production: for what is built on our clients."""
    return kafka_brokers(KAFKA_BROKERS_FOR_TESTS.chosen[-1])


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put first what takes longest: pytest-xdist hands units of work out in this order."""
    ranks: dict[str, int] = {}
    for item in items:
        unit = unit_of_work(item.nodeid)
        ranks[unit] = min(_rank(item), ranks.get(unit, len(_SLOWEST)))
    items.sort(key=lambda item: (ranks[unit_of_work(item.nodeid)], unit_of_work(item.nodeid), str(item.path)))


def _rank(item: pytest.Item) -> int:
    return next((place for place, name in enumerate(_SLOWEST) if item.get_closest_marker(name)), len(_SLOWEST))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> OneWorkerForAStack | None:
    """Where files are kept whole, keep on one worker what shares a stack, too."""
    return OneWorkerForAStack(config, log) if config.getoption("dist") == "loadfile" else None


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Under pytest-xdist, a worker tells the reporting process which brokers it used."""
    if (worker_output := getattr(session.config, "workeroutput", None)) is not None:
        used: list[str] = session.config.stash.setdefault(_BROKERS_USED, [])
        worker_output["kafka_brokers"] = used


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: object) -> None:
    """Collect what a pytest-xdist worker told."""
    told = getattr(node, "workeroutput", {}).get("kafka_brokers", [])
    config: pytest.Config = node.config  # type: ignore[attr-defined]  # pytest-xdist publishes no types
    config.stash.setdefault(_BROKERS_USED, []).extend(told)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say which Kafka brokers were used, what could not be run, and why."""
    used: list[str] = config.stash.setdefault(_BROKERS_USED, [])
    skipped = Counter(
        report.longrepr[2].removeprefix("Skipped: ")
        for report in terminalreporter.stats.get("skipped", [])
        if isinstance(report.longrepr, tuple)
    )
    terminalreporter.section("servers")
    terminalreporter.write_line(f"Kafka brokers used: {'; '.join(sorted(set(used))) or 'none, no test asked for one'}")
    for what, why in KAFKA_BROKERS_FOR_TESTS.left_out.items():
        terminalreporter.write_line(f"not run on {what}: {why}")
    for reason, count in sorted(skipped.items()):
        terminalreporter.write_line(f"not run, {count} test(s): {reason}")
