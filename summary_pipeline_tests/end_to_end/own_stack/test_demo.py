"""``summary-pipeline demo`` without a terminal, as a pipeline of CI runs it."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from summary_pipeline import local
from summary_pipeline_tests.local.process_support import require_none_of
from summary_pipeline_tests.stack_command import StackCommand

pytestmark = pytest.mark.end_to_end


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StackCommand]:
    """The demo, started without a terminal."""
    command = StackCommand("demo", data_dir=tmp_path_factory.mktemp("demo") / "data")
    try:
        command.start()
        yield command
    finally:
        command.kill()


def test_the_demo_ends_by_itself_with_status_0(demo: StackCommand) -> None:
    assert demo.wait() == 0, demo.output[-3000:]


def test_the_demo_prints_every_sample_in_its_table(demo: StackCommand) -> None:
    demo.wait()
    index = Path(local.__file__).with_name("samples") / "index.json"
    table = demo.output[demo.output.index("model calls") :]
    samples = json.loads(index.read_text(encoding="utf-8"))
    assert len(samples) >= 6
    for sample in samples:
        # Longer titles go on in the next line.
        beginning = " ".join(sample["title"].split()[:2])
        assert f"{sample['videoId']} {beginning}" in table


def test_the_demo_leaves_no_process_behind(demo: StackCommand) -> None:
    demo.wait()
    require_none_of(demo.data_dir)
