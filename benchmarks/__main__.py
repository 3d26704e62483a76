"""Measures, and prints Markdown tables.

python -m benchmarks                     what takes about five minutes together
python -m benchmarks NAME ...            these, whole
python -m benchmarks NAME --option ...   one, with its own options
"""

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

REPOSITORY = Path(__file__).parents[1]


@dataclass(frozen=True)
class Benchmark:
    """A module of this package with a command line of its own.

    ``by_default`` are its options where no benchmark is named, None where it is then left out.
    """

    about: str
    by_default: tuple[str, ...] | None = None


BENCHMARKS = {
    "chunking": Benchmark("cutting transcripts, beside one pass of tiktoken", by_default=()),
    "map_reduce": Benchmark(
        "ours, the first version's scheme, LangChain and LlamaIndex on one simulated model (whole: twenty minutes)",
        by_default=("--scenario", "one", "eight", "requests"),
    ),
    "run_cost": Benchmark("what one run costs Dagster (a minute or two, with PostgreSQL and Celery workers)"),
    "quality_calibration": Benchmark("the offline quality score beside human judgements (needs ../shared/quality)"),
}


def run(name: str, options: Sequence[str]) -> int:
    """Run one benchmark in a process of its own, so that none is warmed up or slowed down by another."""
    print(f"## {name}: {BENCHMARKS[name].about}\n", flush=True)
    command = [sys.executable, "-m", f"benchmarks.{name}", *options]
    return subprocess.run(command, cwd=REPOSITORY, check=False).returncode  # noqa: S603 - our own program


def main(arguments: Sequence[str]) -> int:
    """Run what the command line names; return 1 if a benchmark failed."""
    names = list(takewhile(lambda argument: not argument.startswith("-"), arguments))
    options = arguments[len(names) :]
    unknown = [name for name in names if name not in BENCHMARKS]
    if unknown or (options and len(names) != 1):
        listing = "\n".join(f"  {known:20} {benchmark.about}" for known, benchmark in BENCHMARKS.items())
        problem = (
            f"There is no benchmark {unknown[0]!r}" if unknown else "Options need exactly one benchmark before them"
        )
        print(f"{problem}. There are:\n{listing}", file=sys.stderr)
        return 2
    chosen = dict.fromkeys(names, options) or {
        name: one.by_default for name, one in BENCHMARKS.items() if one.by_default is not None
    }
    statuses = [run(name, with_options) for name, with_options in chosen.items()]
    return int(any(statuses))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
