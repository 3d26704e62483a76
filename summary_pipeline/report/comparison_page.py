"""The comparison as a page, as JSON and as text for the terminal.

Belongs here: those three forms. Does not belong here: numbers (``comparison``).
"""

from summary_pipeline.report import plots
from summary_pipeline.report.comparison import EQUAL_WITHIN, Comparison
from summary_pipeline.report.formats import amount, difference, dollars, score
from summary_pipeline.report.page import figure, render_page
from summary_pipeline.report.statistics import Estimate


def render_comparison_html(comparison: Comparison) -> str:
    """Return the page."""
    differences = comparison.differences
    drawn = (
        figure(
            plots.paired_differences(differences),
            identity="differences",
            title="Number of videos by difference of scores.",
        )
        if differences
        else None
    )
    return render_page(
        "comparison.html.j2",
        comparison=comparison,
        figure_of_differences=drawn,
        verdict=verdict(comparison),
        cost=cost_difference(comparison.cost_difference),
        equal_within=EQUAL_WITHIN,
    )


def render_comparison_json(comparison: Comparison) -> str:
    """Return ``comparison.json``."""
    return comparison.model_dump_json(indent=2) + "\n"


def render_comparison_text(comparison: Comparison) -> str:
    """Return what the terminal shows. Texts and titles, which are other people's, are left to the page."""
    a, b = comparison.a, comparison.b
    rows = [
        ("", "A", "B"),
        ("mean score", score(a.mean_score), score(b.mean_score)),
        ("flagged", amount(a.flagged), amount(b.flagged)),
        ("tokens in", amount(a.input_tokens), amount(b.input_tokens)),
        ("tokens out", amount(a.output_tokens), amount(b.output_tokens)),
        ("cost", dollars(a.cost_usd), dollars(b.cost_usd)),
    ]
    lines = [
        f"A: {a.name}",
        f"B: {b.name}",
        f"{comparison.videos} video(s) with a summary of each"
        + (f"; {comparison.unscored} without a score on one side" if comparison.unscored else ""),
        "",
        *(f"{name:<12}{first:>12}{second:>12}" for name, first, second in rows),
        "",
        verdict(comparison),
        f"B is better on {comparison.better}, worse on {comparison.worse}, equal on {comparison.equal} video(s).",
        f"Cost a summary, B less A: {cost_difference(comparison.cost_difference)}",
    ]
    for title, listed in (("Largest gains:", comparison.gains), ("Largest losses:", comparison.losses)):
        if listed:
            lines += ["", title]
            lines += [f"  video {each.video_id}: {score(each.score_a)} -> {score(each.score_b)}" for each in listed]
    return "\n".join(lines) + "\n"


def verdict(comparison: Comparison) -> str:
    """Return in a sentence or two what follows from the scores."""
    if len(comparison.scorers) > 1:
        return (
            f"The scores come from different scorers ({', '.join(comparison.scorers)}) and can't be compared: "
            "summarize one side again."
        )
    estimate = comparison.difference
    if estimate is None:
        return "There is no video of which both sides have a score."
    shown = f"Mean difference of scores, B less A: {difference(estimate)}"
    shown += "." if comparison.p_value is None else f"; Wilcoxon signed-rank p = {comparison.p_value:.3g}."
    if estimate.low is None:
        return f"{shown} One video tells nothing."
    if not estimate.excludes_zero:
        return f"{shown} The interval holds 0: no difference is shown."
    return f"{shown} {'B' if estimate.value > 0 else 'A'} scores higher."


def cost_difference(estimate: Estimate | None) -> str:
    """Return the mean difference of cost with its interval, or that it is unknown."""
    if estimate is None:
        return "unknown, since no video has a price on both sides"
    shown = f"{estimate.value:+.5f}"
    interval = (
        "" if estimate.low is None or estimate.high is None else f" ({estimate.low:+.5f} to {estimate.high:+.5f})"
    )
    return f"{shown}{interval} US dollars".replace("-", "−")
