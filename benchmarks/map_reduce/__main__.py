"""Prints a table for each scenario.

python -m benchmarks map_reduce [--scenario NAME ...] [--contestant NAME ...]
"""

import argparse
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.map_reduce.measuring import Measurement
from benchmarks.map_reduce.running import Contestant, GaveUpError, SimulatedModel, measure, simulated_model
from benchmarks.map_reduce.scenarios import RATE_WINDOW_SECONDS, SCENARIOS, Scenario
from benchmarks.peers.environment import peer_variables, peer_versions, prepared_environment, python_of
from benchmarks.tables import print_table
from benchmarks.transcripts import speech
from summary_pipeline.summarization.tokens import count_tokens

HEADER = (
    "",
    "wall s",
    "over ideal",
    "over ideal as sent",
    "calls",
    "tokens sent / transcript",
    "answered 429",
    "limit used",
    "most at once",
    "client CPU s",
)
OURS = (
    Contestant("ours", "benchmarks.map_reduce.ours"),
    Contestant("ours, told no limit", "benchmarks.map_reduce.ours_told_no_limit", only_under_limits=True),
    Contestant("first version", "benchmarks.map_reduce.first_version"),
)
NOT_REPEATED_SECONDS = 15.0
PEERS = {
    "LangChain": "benchmarks.peers.langchain_map_reduce",
    "LangChain, same answer": "benchmarks.peers.langchain_same_answer",
    "LlamaIndex": "benchmarks.peers.llama_index_tree_summarize",
}


def contestants(names: Sequence[str]) -> list[Contestant]:
    """Return those that are named, the peers with their environment installed."""
    chosen = [contestant for contestant in OURS if contestant.name in names]
    peers = [name for name in PEERS if name in names]
    if peers:
        directory = prepared_environment()
        print("Peers: " + ", ".join(f"{name} {version}" for name, version in peer_versions(directory).items()) + "\n")
        variables = peer_variables(directory)
        chosen += [Contestant(name, PEERS[name], python_of(directory), variables) for name in peers]
    return chosen


def print_scenario(scenario: Scenario, taking_part: Sequence[Contestant], model: SimulatedModel) -> None:
    """Run one scenario and print its table."""
    print(f"**{scenario.title}** ({scenario.name}): at best {scenario.ideal_seconds():.1f} s", end="")
    print(f" at {scenario.latency_seconds:g} s a call and {scenario.at_once} calls at once")
    if scenario.is_limited:
        print(f"Limits are enforced over {RATE_WINDOW_SECONDS:g} s.")
    print()
    with tempfile.TemporaryDirectory(prefix="map-reduce-") as directory:
        texts, tokens = written_texts(scenario, Path(directory))

        def rows() -> Iterator[list[str]]:
            for contestant in taking_part:
                if contestant.only_under_limits and not scenario.is_limited:
                    continue
                try:
                    yield row(contestant.name, fastest(contestant, scenario, model, texts, tokens))
                except GaveUpError as error:
                    yield [contestant.name, f"gave up: {error}"[:120], *["-"] * (len(HEADER) - 2)]

        print_table(HEADER, rows())


def fastest(
    contestant: Contestant, scenario: Scenario, model: SimulatedModel, texts: list[Path], tokens: int
) -> Measurement:
    """Return the fastest of the scenario's rounds; one that takes more than 15 s is not repeated."""
    best = measure(contestant, scenario, model, texts, tokens)
    for _ in range(scenario.rounds - 1):
        if best.seconds < NOT_REPEATED_SECONDS:
            best = min(best, measure(contestant, scenario, model, texts, tokens), key=lambda one: one.seconds)
    return best


def written_texts(scenario: Scenario, directory: Path) -> tuple[list[Path], int]:
    """Write the transcripts of a scenario; return the files and their tokens in all."""
    files: list[Path] = []
    tokens = 0
    for number in range(scenario.videos):
        text = speech(scenario.transcript_tokens, seed=number).text
        tokens += count_tokens(text)
        files.append(directory / f"{number}.txt")
        files[-1].write_text(text, encoding="utf-8")
    return files, tokens


def row(name: str, measured: Measurement) -> list[str]:
    """Return the cells of one contestant."""
    return [
        name,
        f"{measured.seconds:.2f}",
        f"{measured.over_ideal:.3f}",
        f"{measured.over_ideal_as_sent:.3f}",
        str(measured.calls),
        f"{measured.sent_over_transcript:.3f}",
        f"{measured.rate_limited} ({measured.rate_limited_share:.1%})",
        "-" if measured.limit_used is None else f"{measured.limit_used:.1%}",
        str(measured.most_at_once),
        f"{measured.cpu_seconds:.2f}",
    ]


def main(arguments: Sequence[str] | None = None) -> None:
    """Run what the command line names, everything by default."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks map_reduce", description=__doc__)
    names = [*(contestant.name for contestant in OURS), *PEERS]
    scenario_names = [scenario.name for scenario in SCENARIOS]
    parser.add_argument("--scenario", nargs="+", choices=scenario_names, default=scenario_names)
    parser.add_argument("--contestant", nargs="+", choices=names, default=names)
    options = parser.parse_args(arguments)
    taking_part = contestants(options.contestant)
    with simulated_model() as model:
        for scenario in SCENARIOS:
            if scenario.name in options.scenario:
                print_scenario(scenario, taking_part, model)


if __name__ == "__main__":
    main()
