"""The stack after ``summary-pipeline demo`` in a terminal, where it stays up: what a person looks at."""

import contextlib
from collections.abc import Iterator

from summary_pipeline_tests.stack_command import StackCommand, running

LONG_SAMPLE = 103
"""The sample of two chunks."""
CHINESE_SAMPLE = 105
BATCH_FROM = 3
"""Videos from which a backfill goes by batch: more than others here have."""


@contextlib.contextmanager
def demo_stack() -> Iterator[StackCommand]:
    """Yield the command once every sample is summarized."""
    with running("demo", environment={"SUMMARY_BATCH_FROM": str(BATCH_FROM)}, terminal=True) as command:
        yield command
