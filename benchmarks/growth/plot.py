"""Draws how a cost grows, with a line that is linear to compare with."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def draw(found: dict[str, Any], path: Path) -> None:
    """Draws the figure of each series over the size, both logarithmic; steps that are worse than linear are red."""
    import matplotlib as mpl  # noqa: PLC0415 - slow to import

    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "anabranch"  # the same file from the same figures
    from matplotlib import pyplot as plt  # noqa: PLC0415

    figure, axes = plt.subplots(figsize=(7, 4), layout="constrained")
    for series in found["series"]:
        sizes = [point["size"] for point in series["points"]]
        costs = {point["size"]: point[found["figure"]] * 1e6 for point in series["points"]}
        if not sizes:
            continue
        (line,) = axes.plot(sizes, list(costs.values()), marker="o", label=series["title"])
        factor = 1.0 if found["per_record"] else 0.0
        linear = [costs[sizes[0]] * (size / sizes[0]) ** factor for size in sizes]
        axes.plot(sizes, linear, linestyle=":", color=line.get_color(), linewidth=1)
        for step in series["worse_than_linear"]:
            ends = [step["smaller"], step["larger"]]
            axes.plot(ends, [costs[end] for end in ends], color="red", linewidth=3, zorder=0)
    axes.set(
        xscale="log",
        yscale="log",
        xlabel=found["title"],
        ylabel=f"{found['figure'].replace('seconds', 'microseconds').replace('_', ' ')}",
    )
    if axes.lines:
        axes.legend()
    axes.grid(visible=True, alpha=0.3)
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)
