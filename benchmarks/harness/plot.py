"""Results as a picture: a bar for each contender."""

from __future__ import annotations

from pathlib import Path

from benchmarks.harness.results import Results
from benchmarks.harness.table import number

_OURS, _THEIRS = "#1f6f8b", "#b0b7bd"


def draw(results: Results, path: Path) -> None:
    """Draws the compared figure of every contender that has it; black lines reach from the worst round to the best."""
    import matplotlib as mpl  # noqa: PLC0415 - slow to import

    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "anabranch"  # the same file from the same figures
    from matplotlib import pyplot as plt  # noqa: PLC0415

    metric = results["metric"]
    shown = [each for each in reversed(results["contenders"]) if metric in each["medians"]]
    medians = [each["medians"][metric] for each in shown]
    spread = [[], []]  # type: list[list[float]]
    for each, median in zip(shown, medians, strict=True):
        values = [figures[metric] for figures in each["rounds"]]
        spread[0].append(median - min(values))
        spread[1].append(max(values) - median)
    figure, axes = plt.subplots(figsize=(9, 0.9 + 0.42 * len(shown)))
    bars = axes.barh(
        [each["title"] for each in shown],
        medians,
        xerr=spread,
        color=[_OURS if each["ours"] else _THEIRS for each in shown],
        error_kw={"elinewidth": 1},
    )
    axes.bar_label(bars, [number(median) for median in medians], padding=6, fontsize=8)
    axes.set_xlabel(label(results), fontsize=8)
    axes.set_title(results["title"], fontsize=9, loc="left")
    axes.tick_params(labelsize=8)
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}" if value >= 100 else f"{value:g}")  # noqa: PLR2004
    axes.margins(x=0.15)
    axes.spines[["top", "right"]].set_visible(False)
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)


def label(results: Results) -> str:
    """Returns what the compared figure is, in words."""
    titles = {
        "per_second": f"{results['unit']} per second",
        "until_end_seconds": "seconds from the start of the process to the first record in the sink",
        **results["figures"],
    }
    better = "more" if results["higher_is_better"] else "less"
    return f"{titles.get(results['metric'], results['metric'])} ({better} is better)"
