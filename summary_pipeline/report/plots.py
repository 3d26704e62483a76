"""The figures of the report and of the comparison.

Belongs here: what each of them shows. Does not belong here: colours, fonts and files (``drawing``).
"""

from collections.abc import Sequence
from typing import Final

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullLocator, PercentFormatter

from summary_pipeline.report.document import Change, Component, Distribution, Latency, TrendPoint
from summary_pipeline.report.drawing import Palette, Plot, printable

_STEP: Final = 0.05
_LATENCY_TICKS: Final = (
    (0.1, "0.1 s"),
    (1.0, "1 s"),
    (10.0, "10 s"),
    (60.0, "1 min"),
    (600.0, "10 min"),
    (3600.0, "1 h"),
    (6 * 3600.0, "6 h"),
    (86400.0, "1 d"),
    (7 * 86400.0, "7 d"),
)


def trend(points: Sequence[TrendPoint], *, unit: str) -> Plot:
    """Mean score with its interval over the last windows (``unit``: day, week), above how many summaries there were."""

    def plot(figure: Figure, palette: Palette) -> None:
        scores, counts = figure.subplots(2, 1, sharex=True, height_ratios=[2.3, 1])
        _trend_scores(scores, points, palette)
        places = range(len(points))
        counts.bar(places, [point.summaries for point in points], color=palette.before, width=0.7)
        counts.set_ylabel("summaries")
        counts.grid(visible=False, axis="x")
        counts.yaxis.set_major_locator(MaxNLocator(nbins=2, integer=True, min_n_ticks=2))
        counts.set_ylim(0, max(1, *(point.summaries for point in points)) * 1.15)
        _label_days(counts, points, unit)

    return plot


def _trend_scores(axes: Axes, points: Sequence[TrendPoint], palette: Palette) -> None:
    """A window without scores interrupts the line."""
    scored = [(place, point.mean) for place, point in enumerate(points) if point.mean is not None]
    values = [float("nan") if point.mean is None else point.mean.value for point in points]
    axes.plot(range(len(points)), values, color=palette.now, marker="o", markersize=4, linewidth=1.6)
    ranged = [(place, mean) for place, mean in scored if mean.low is not None and mean.high is not None]
    axes.vlines(
        [place for place, _ in ranged],
        [mean.low for _, mean in ranged if mean.low is not None],
        [mean.high for _, mean in ranged if mean.high is not None],
        color=palette.now,
        linewidth=5,
        alpha=0.3,
    )
    axes.set_ylabel("mean score")
    axes.grid(visible=False, axis="x")
    lows = [mean.value if mean.low is None else mean.low for _, mean in scored]
    axes.set_ylim(max(0.0, min([0.5, *lows]) - 0.05), 1.0)


def _label_days(axes: Axes, points: Sequence[TrendPoint], unit: str) -> None:
    every = max(1, -(-len(points) // 5))
    last = len(points) - 1
    shown = [place for place in range(len(points)) if (last - place) % every == 0]
    axes.set_xticks(shown, [f"{points[place].start:%d %b}".lstrip("0") for place in shown])
    axes.set_xlim(-0.6, last + 0.6)
    axes.set_xlabel("day" if unit == "day" else "week that begins on")


def distribution(scores: Distribution, previous: Sequence[int] | None) -> Plot:
    """Share of summaries by score: the window as bars, the one before as a line of steps."""

    def plot(figure: Figure, palette: Palette) -> None:
        axes = figure.subplots()
        edges = [step * _STEP for step in range(len(scores.histogram) + 1)]
        axes.stairs(_shares(scores.histogram), edges, fill=True, color=palette.now, alpha=0.75, label="this window")
        if previous is not None:
            axes.stairs(_shares(previous), edges, color=palette.before, linewidth=1.8, label="the one before")
            axes.legend(loc="upper left")
        axes.axvline(scores.median, color=palette.ink, linewidth=1, linestyle="--")
        axes.annotate(
            f"median {scores.median:.2f}",
            (scores.median, 1.0),
            xycoords=("data", "axes fraction"),
            xytext=(-4 if scores.median > 0.5 else 4, -2),
            textcoords="offset points",
            ha="right" if scores.median > 0.5 else "left",
            va="top",
            fontsize=11,
        )
        axes.set_xlim(0, 1)
        axes.margins(y=0.25)
        axes.set_xlabel("score")
        axes.set_ylabel("share of summaries")
        axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
        axes.yaxis.set_major_locator(MaxNLocator(nbins=5))

    return plot


def _shares(counts: Sequence[int]) -> list[float]:
    total = sum(counts)
    return [count / total for count in counts]


def components(rows: Sequence[Component]) -> Plot:
    """Mean of each component with the middle eight of ten summaries, and the mean of the window before."""

    def plot(figure: Figure, palette: Palette) -> None:
        axes = figure.subplots()
        names = [row.name.replace("_", " ") for row in rows]
        for place, row in enumerate(rows):
            if row.p10 is not None and row.p90 is not None:
                axes.hlines(place, row.p10, row.p90, color=palette.now, linewidth=6, alpha=0.3)
        means = _points([row.mean for row in rows])
        axes.plot(*means, linestyle="none", marker="o", markersize=7, color=palette.now, label="this window")
        if any(row.previous_mean is not None for row in rows):
            axes.plot(
                *_points([row.previous_mean for row in rows]),
                linestyle="none",
                marker="|",
                markersize=12,
                markeredgewidth=2,
                color=palette.before,
                label="the one before",
            )
            figure.legend(loc="outside upper left", ncols=2)
        axes.set_yticks(range(len(rows)), names)
        axes.set_ylim(len(rows) - 0.5, -0.5)
        axes.set_xlim(0, 1.02)
        axes.grid(visible=False, axis="y")
        axes.set_xlabel("mean, with the range of the middle 80 %")

    return plot


def _points(values: Sequence[float | None]) -> tuple[list[float], list[int]]:
    """Return the values that there are, and their places."""
    there = [(value, place) for place, value in enumerate(values) if value is not None]
    return [value for value, _ in there], [place for _, place in there]


def latency(times: Latency) -> Plot:
    """Share of summaries that were there within a time, with the median and the 95th percentile."""

    def plot(figure: Figure, palette: Palette) -> None:
        axes = figure.subplots()
        # A logarithm needs a positive number; clocks of two machines may differ by more than a summary takes.
        seconds = [max(value, 0.1) for value in times.seconds]
        shares = [(number + 1) / len(seconds) for number in range(len(seconds))]
        axes.step(seconds, shares, where="post", color=palette.now, linewidth=1.8)
        axes.set_xscale("log")
        for share, value in ((0.5, times.p50), (0.95, times.p95)):
            axes.axvline(max(value, 0.1), ymax=share / 1.05, color=palette.before, linewidth=1.6, linestyle="--")
            axes.plot(max(value, 0.1), share, marker="o", color=palette.before, markersize=5)
        low, high = seconds[0] / 1.5, max(seconds[-1], seconds[0] * 10) * 1.5
        ticks = [tick for tick in _LATENCY_TICKS if low <= tick[0] <= high]
        axes.set_xlim(low, high)
        axes.set_xticks([value for value, _ in ticks], [name for _, name in ticks])
        axes.xaxis.set_minor_locator(NullLocator())
        axes.set_ylim(0, 1.05)
        axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
        axes.set_xlabel("from the event to the summary")
        axes.set_ylabel("summaries there")

    return plot


def change_intervals(rows: Sequence[Change]) -> Plot:
    """Difference of mean scores after less before, with its interval, for each change."""

    def plot(figure: Figure, palette: Palette) -> None:
        axes = figure.subplots()
        axes.axvline(0, color=palette.ink, linewidth=1)
        for place, row in enumerate(rows):
            if row.score is None:
                continue
            color = palette.alarm if row.score.excludes_zero and row.score.value < 0 else palette.now
            if row.score.low is not None and row.score.high is not None:
                axes.hlines(place, row.score.low, row.score.high, color=color, linewidth=5, alpha=0.45)
            axes.plot(row.score.value, place, marker="o", markersize=7, color=color)
        axes.set_yticks(range(len(rows)), [_change_name(row) for row in rows])
        axes.set_ylim(len(rows) - 0.5, -0.5)
        axes.grid(visible=False, axis="y")
        axes.xaxis.set_major_formatter(
            FuncFormatter(lambda value, _place: "0" if abs(value) < 5e-4 else f"{value:+.2f}")
        )
        axes.xaxis.set_major_locator(MaxNLocator(nbins=5))
        axes.set_xlabel("difference of mean scores, 95 % interval")

    return plot


def _change_name(row: Change) -> str:
    new = row.after.model if "model" in row.changed else row.after.prompt_version
    return f"{printable(new, 18)}\nsince {row.after.first_at:%d %b}"


def paired_differences(differences: Sequence[float]) -> Plot:
    """How many videos gained or lost how much."""

    def plot(figure: Figure, palette: Palette) -> None:
        axes = figure.subplots()
        most = max(0.05, *(abs(value) for value in differences))
        axes.hist(differences, bins=21, range=(-most, most), color=palette.now, alpha=0.75)
        axes.axvline(0, color=palette.ink, linewidth=1)
        axes.yaxis.set_major_locator(MaxNLocator(nbins=5, integer=True))
        axes.set_xlabel("score of B less score of A")
        axes.set_ylabel("videos")

    return plot
