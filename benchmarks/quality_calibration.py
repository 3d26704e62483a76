"""How the offline quality score agrees with people, and whether broken copies score below good summaries.

Prints the tables of docs/quality.md: ``python -m benchmarks.quality_calibration [--data ../shared/quality]``. It
holds ``summeval_dev.json`` (human judgements of news summaries) and ``summeval_eval.py`` (the coefficients as G-Eval
computes them). They are read where they are; nothing of them is kept here. Without them it says so and ends with 2.
"""

import argparse
import importlib.util
import re
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

from benchmarks.tables import print_table
from summary_pipeline.summarization.quality import COMPONENTS, SCORER, score_summary
from summary_pipeline.summarization.sentences import split_sentences
from summary_pipeline_tests.summarization.quality.breakages import ANYWHERE, seeded

PUBLISHED = {
    "ROUGE-1 / -2 / -L with a reference": "0.192 / 0.205 / 0.165",
    "BERTScore": "0.225",
    "BARTScore": "0.385",
    "UniEval": "0.474",
    "G-Eval with GPT-4": "0.514",
}
"""Mean Spearman over the four dimensions on all of SummEval (arXiv 2303.16634)."""
ABSTRACTIVE = frozenset({"M8", "M12", "M13", "M14", "M15", "M17", "M22", "M23"})
GOOD_FROM = 4.3
"""Mean of the experts' scores from which an abstractive summary is taken for good."""
NAMES = ("Kowalski", "Okafor", "Lindqvist", "Castellanos", "Nakamura", "Rosenthal")


def main() -> int:
    """Print the tables; return the process's exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path(__file__).parents[2] / "shared" / "quality")
    parser.add_argument("--pairs", type=int, default=60, help="good summaries of which broken copies are made")
    arguments = parser.parse_args()
    if not (arguments.data / "summeval_dev.json").is_file():
        print(f"No summeval_dev.json in {arguments.data}: name the folder with --data.", file=sys.stderr)
        return 2
    evaluation = _load(arguments.data / "summeval_eval.py")
    rows, dimensions, _ = evaluation.load(str(arguments.data / "summeval_dev.json"))
    _print_correlations(evaluation, rows, dimensions)
    _print_pairs(rows, arguments.pairs)
    return 0


def _load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("summeval_eval", path)
    if spec is None or spec.loader is None:
        raise SystemExit(f"{path} is no Python file.")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _print_correlations(evaluation: ModuleType, rows: list[dict[str, Any]], dimensions: list[str]) -> None:
    started = time.process_time()
    scored = [score_summary(row["source"], row["system_output"]) for row in rows]
    print(f"{SCORER}: {len(rows)} summaries, {1000 * (time.process_time() - started) / len(rows):.1f} ms each\n")

    def line(name: str, values: list[float]) -> list[str]:
        found = evaluation.correlations(rows, values, dimensions)
        means = [sum(found[d][k] for d in dimensions) / len(dimensions) for k in ("rho", "tau")]
        return [name, *(f"{found[d]['rho']:.3f}" for d in dimensions), *(f"{mean:.3f}" for mean in means)]

    # Where nothing can be computed or checked, nothing is wrong as far as the component can tell.
    components = (
        [1.0 if (value := score.components[name]) is None else value for score in scored] for name in COMPONENTS
    )
    lines = [line("**score**", [score.score for score in scored])]
    lines += [line(name, values) for name, values in zip(COMPONENTS, components, strict=True)]
    blank = ["" for _ in dimensions]
    lines += [[f"{name} (published)", *blank, mean, ""] for name, mean in PUBLISHED.items()]
    print_table(["measure", *dimensions, "mean Spearman", "mean Kendall"], lines)


def _print_pairs(rows: list[dict[str, Any]], most: int) -> None:
    good = [row for row in rows if row["system_id"] in ABSTRACTIVE and row["scores"]["overall"] >= GOOD_FROM]
    seeded(0).shuffle(good)
    right: Counter[str] = Counter()
    total: Counter[str] = Counter()
    for number, row in enumerate(good[:most]):
        source, summary = row["source"], row["system_output"]
        score = score_summary(source, summary).score
        others = [other["system_output"] for other in good if other["doc_id"] != row["doc_id"]]
        for kind, broken in _broken(source, summary, others, number):
            total[kind] += 1
            right[kind] += score_summary(source, broken).score < score
    print_table(["broken how", "ranked right", "pairs"], ([k, f"{right[k] / n:.1%}", str(n)] for k, n in total.items()))
    print(f"{right.total() / total.total():.2%} of {total.total()} pairs")


def _broken(source: str, summary: str, others: list[str], seed: int) -> Iterator[tuple[str, str]]:
    yield "of another article", seeded(seed).choice(others)
    for breakage in ANYWHERE:
        if len(source) > 3 * len(summary) and len(split_sentences(summary)) > 1:
            yield breakage.name, breakage.make(source, summary, seeded(seed))
    yield "three words", " ".join(summary.split()[:3])
    yield from _wrong_facts(source, summary, seed)


def _wrong_facts(source: str, summary: str, seed: int) -> Iterator[tuple[str, str]]:
    if numbers := list(re.finditer(r"\d+", summary)):
        found = seeded(seed).choice(numbers)
        changed = str(int(found.group()) + seeded(seed).choice((1, 2, 7, 10)))
        yield "a changed number", summary[: found.start()] + changed + summary[found.end() :]
    if names := sorted(_names_of(source) & set(re.findall(r"\w+", summary.lower()))):
        name, other = seeded(seed).choice(names), seeded(seed).choice(NAMES)
        replacement = other if re.search(rf"\b{name.title()}\b", summary) else other.lower()
        yield "a changed name", re.sub(rf"\b{name}\b", replacement, summary, flags=re.IGNORECASE)


def _names_of(source: str) -> set[str]:
    """Return words that the source writes with a capital within sentences, and never without one, in lower case."""
    capitals = {name.lower() for name in re.findall(r"(?<=[a-z,] )[A-Z][a-z]{3,}", source)}
    return capitals - set(re.findall(r"\b[a-z]{4,}\b", source))


if __name__ == "__main__":
    sys.exit(main())
