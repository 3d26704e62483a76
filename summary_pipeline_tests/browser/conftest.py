"""One stack with the samples for all tests here."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page

from summary_pipeline_tests.browser.chromium import EXECUTABLE, WITHOUT, chromium_page
from summary_pipeline_tests.browser.demo_stack import demo_stack
from summary_pipeline_tests.end_to_end.dagster_api import DagsterApi
from summary_pipeline_tests.end_to_end.neighbour import Neighbour
from summary_pipeline_tests.stack_command import StackCommand


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The stack is started for the first test, whose time limit covers that too."""
    for item in items:
        if item.get_closest_marker("browser") is not None:
            item.add_marker(pytest.mark.timeout(600))


@pytest.fixture(scope="package")
def stack() -> Iterator[StackCommand]:
    if EXECUTABLE is None:
        pytest.skip(WITHOUT)
    with demo_stack() as command:
        yield command


@pytest.fixture(scope="package")
def dagster(stack: StackCommand) -> DagsterApi:
    return DagsterApi(stack.ui_url)


@pytest.fixture(scope="package")
def neighbour(stack: StackCommand) -> Iterator[Neighbour]:
    with Neighbour(stack.environment) as connected:
        yield connected


@pytest.fixture
def page(stack: StackCommand) -> Iterator[Page]:
    """Of a browser that remembers nothing: the UI keeps what was unfolded before."""
    with chromium_page(stack.ui_url) as opened:
        yield opened
