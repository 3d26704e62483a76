from pathlib import Path

import pytest

import benchmarks
from benchmarks.__main__ import BENCHMARKS, main

PACKAGE = Path(benchmarks.__file__).parent


@pytest.mark.parametrize("name", BENCHMARKS)
def test_every_benchmark_is_there(name: str) -> None:
    assert (PACKAGE / f"{name}.py").is_file() or (PACKAGE / name / "__main__.py").is_file()


def test_an_unknown_name_is_answered_with_the_names_that_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["map_reduce", "speed"]) == 2
    message = capsys.readouterr().err
    assert "'speed'" in message
    assert "chunking" in message


def test_options_without_one_benchmark_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["chunking", "map_reduce", "--rounds", "3"]) == 2
    assert "exactly one" in capsys.readouterr().err


def test_a_benchmark_that_fails_is_told_by_the_status() -> None:
    assert main(["chunking", "--no-such-option"]) == 1
