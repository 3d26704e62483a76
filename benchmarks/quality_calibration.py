"""How the offline quality score agrees with people, and whether broken copies score below good summaries.

Prints the tables of docs/quality.md: ``python -m benchmarks.quality_calibration [--data ../shared/quality]
[--transcripts ../shared/transcripts]``. The first folder holds ``summeval_dev.json`` (human judgements of news
summaries) and ``summeval_eval.py`` (the coefficients as G-Eval computes them), the second meetings with reference
summaries, if any. They are read where they are; nothing of them is kept here. Without the first it says so and ends
with 2.
"""

import argparse
import importlib.util
import json
import sys
import time
from collections import Counter
from itertools import chain
from pathlib import Path
from types import ModuleType
from typing import Any

from benchmarks.tables import print_table
from summary_pipeline.summarization.quality import COMPONENTS, SCORER, score_summary
from summary_pipeline.summarization.sentences import split_sentences
from summary_pipeline_tests.summarization.quality.breakages import gross, seeded, wrong_facts

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
FACTS = frozenset(
    (
        "a changed number",
        "a changed number word",
        "an invented name",
        "another name of the source",
        "two names swapped",
    )
)


def main() -> int:
    """Print the tables; return the process's exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path(__file__).parents[2] / "shared" / "quality")
    parser.add_argument("--transcripts", type=Path, default=Path(__file__).parents[2] / "shared" / "transcripts")
    parser.add_argument("--pairs", type=int, default=60, help="good summaries of which broken copies are made")
    arguments = parser.parse_args()
    if not (arguments.data / "summeval_dev.json").is_file():
        print(f"No summeval_dev.json in {arguments.data}: name the folder with --data.", file=sys.stderr)
        return 2
    evaluation = _load(arguments.data / "summeval_eval.py")
    rows, dimensions, _ = evaluation.load(str(arguments.data / "summeval_dev.json"))
    _print_correlations(evaluation, rows, dimensions)
    _print_pairs("News", _news(rows, arguments.pairs))
    _print_pairs("References of the same news", _references(rows))
    _print_pairs("Meetings", _meetings(arguments.transcripts))
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
    articles = sorted({row["doc_id"] for row in rows})
    for half in (0, 1):
        chosen = frozenset(articles[half::2])
        kept = [index for index, row in enumerate(rows) if row["doc_id"] in chosen]
        found = evaluation.correlations([rows[i] for i in kept], [scored[i].score for i in kept], dimensions)
        print(f"every second article from {half}: {sum(found[d]['rho'] for d in dimensions) / len(dimensions):.3f}")
    lines = [line("**score**", [score.score for score in scored])]
    lines += [line(name, values) for name, values in zip(COMPONENTS, components, strict=True)]
    blank = ["" for _ in dimensions]
    lines += [[f"{name} (published)", *blank, mean, ""] for name, mean in PUBLISHED.items()]
    print_table(["measure", *dimensions, "mean Spearman", "mean Kendall"], lines)


def _print_pairs(name: str, items: list[tuple[str, str, str]]) -> None:
    """Print how many broken copies score below the good summary. ``items`` are key of the source, source, summary."""
    right: Counter[str] = Counter()
    total: Counter[str] = Counter()
    for number, (key, source, summary) in enumerate(items):
        score = score_summary(source, summary).score
        others = [other for other_key, _, other in items if other_key != key]
        for kind, broken in chain(gross(source, summary, others, number), wrong_facts(source, summary, number)):
            total[kind] += 1
            right[kind] += score_summary(source, broken).score < score
    print(f"\n{name}: {len(items)} summaries\n")
    print_table(["broken how", "ranked right", "pairs"], ([k, f"{right[k] / n:.1%}", str(n)] for k, n in total.items()))
    for group, kinds in (("wrong facts", FACTS), ("gross breakage", total.keys() - FACTS)):
        pairs = sum(total[kind] for kind in kinds)
        print(f"{group}: {sum(right[kind] for kind in kinds) / max(1, pairs):.2%} of {pairs} pairs")


def _news(rows: list[dict[str, Any]], most: int) -> list[tuple[str, str, str]]:
    good = [row for row in rows if row["system_id"] in ABSTRACTIVE and row["scores"]["overall"] >= GOOD_FROM]
    seeded(0).shuffle(good)
    return [(row["doc_id"], row["source"], row["system_output"]) for row in good[:most]]


def _references(rows: list[dict[str, Any]]) -> list[tuple[str, str, str]]:
    by_article = {row["doc_id"]: row for row in rows}
    return [(key, row["source"], row["reference"]) for key, row in by_article.items()]


def _meetings(folder: Path) -> list[tuple[str, str, str]]:
    """Return meetings with their reference summary, and with three answers at a time to questions about them."""
    items = []
    for path in sorted(folder.glob("*.json")):
        document = json.loads(path.read_text(encoding="utf-8"))
        text = "\n".join(snippet["text"] for snippet in document["snippets"])
        answers = [query["answer"] for query in document.get("reference_queries", [])]
        summaries = [document.get("reference_summary", "")]
        summaries += [" ".join(answers[start : start + 3]) for start in range(0, len(answers) - 2, 2)]
        # A line on what the recording is of is no summary of it.
        items += [(path.stem, text, summary) for summary in summaries if len(split_sentences(summary)) > 2]
    return items


if __name__ == "__main__":
    sys.exit(main())
