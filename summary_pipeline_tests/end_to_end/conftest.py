"""One stack for the tests beside this file, run as ``summary-pipeline dev`` runs it. Each has videos of its own.

Those in ``own_stack`` start their own.
"""

from collections.abc import Iterator

import httpx
import pytest

from summary_pipeline_tests.end_to_end.dagster_api import DagsterApi
from summary_pipeline_tests.end_to_end.neighbour import Neighbour
from summary_pipeline_tests.stack_command import StackCommand, running

SWEEP_AFTER_SECONDS = 15
BATCH_FROM = 6
"""Videos from which a backfill goes by batch: more than other tests have in one."""

# Only waits are shortened.
_ENVIRONMENT = {
    "SUMMARY_RETRY_DELAY_SECONDS": "0.2",
    "SUMMARY_RELAY_POLL_SECONDS": "0.5",
    "SUMMARY_SWEEP_AFTER_SECONDS": str(SWEEP_AFTER_SECONDS),
    "SUMMARY_BATCH_FROM": str(BATCH_FROM),
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The stack is started for the first test, whose time limit covers that too."""
    for item in items:
        if item.get_closest_marker("end_to_end") is not None:
            item.add_marker(pytest.mark.timeout(600))


@pytest.fixture(scope="package")
def stack() -> Iterator[StackCommand]:
    with running("dev", environment=_ENVIRONMENT) as command:
        yield command


class Model:
    """The switches of the offline model server."""

    def __init__(self, base_url: str) -> None:
        self._url = f"{base_url.removesuffix('/v1')}/_control/behaviour"

    def delay_answers_about(self, phrase: str, seconds: float) -> None:
        """Answer calls that contain ``phrase`` so much later."""
        fault = {"kind": "slow", "contains": phrase, "seconds": seconds}
        httpx.post(self._url, json={"faults": [fault]}).raise_for_status()

    def work_on_batches_for(self, seconds: float) -> None:
        """Take so long over each batch that is submitted from now on."""
        httpx.post(self._url, json={"batch_seconds": seconds}).raise_for_status()

    def delay_nothing(self) -> None:
        httpx.delete(self._url).raise_for_status()


@pytest.fixture
def model(stack: StackCommand) -> Iterator[Model]:
    switches = Model(stack.environment["OPENAI_BASE_URL"])
    yield switches
    switches.delay_nothing()


@pytest.fixture(scope="module")
def neighbour(stack: StackCommand) -> Iterator[Neighbour]:
    with Neighbour(stack.environment) as connected:
        yield connected


@pytest.fixture(scope="module")
def dagster(stack: StackCommand) -> DagsterApi:
    return DagsterApi(stack.ui_url)
