#!/usr/bin/env python3
"""Draws the pictures of docs/architecture.md: writes the .svg of each .txt here, or of those named.

A text is either of these. Lines that begin with `#` are comments.

    boxes                                 a box per line: title | what runs in it, in order
    driver | streams, planner
    > submits the graph                   an arrow down to the next box, with its label

    lanes: master | source | sink         a lifeline per name
    master > source: trigger 7            an arrow from one to another; `=>` is a record, drawn bold
    sink: commits                         a note on one lifeline
"""

from __future__ import annotations

import sys
from html import escape
from pathlib import Path

WIDTH = 760
STYLE = """\
  text { font: 14px sans-serif; fill: #1f2328 }
  .small { font-size: 12px } .title { font-weight: bold }
  .page { fill: #ffffff } .box { fill: #eef3fa; stroke: #6a7f9c } .part { fill: #ffffff; stroke: #6a7f9c }
  .line { stroke: #6a7f9c; fill: none } .life { stroke: #b8c4d4; stroke-dasharray: 4 4 }
  .record { stroke: #0969da; stroke-width: 3; fill: none } .tip { fill: #6a7f9c }
  .note { fill: #fff8dc; stroke: #c8b468 }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 }
    .page { fill: #0d1117 } .box { fill: #172033 } .part { fill: #0d1117 } .life { stroke: #3b4656 }
    .record { stroke: #58a6ff } .note { fill: #332d14; stroke: #8a7a3c }
  }
"""
TIP = (
    '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="9" markerHeight="9"'
    ' markerUnits="userSpaceOnUse" orient="auto"><path class="tip" d="M0 0 L8 4 L0 8 Z"/></marker></defs>'
)


class Drawing:
    """Shapes one below the other."""

    def __init__(self) -> None:
        self.y = 16
        self.shapes: list[str] = []

    def rectangle(self, kind: str, x: float, y: float, width: float, height: float) -> None:
        """Adds a rectangle of a class of the style."""
        self.shapes.append(f'<rect class="{kind}" x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="6"/>')

    def text(self, x: float, y: float, text: str, kind: str = "", anchor: str = "middle") -> None:
        """Adds a text on the base line `y`."""
        self.shapes.append(f'<text class="{kind}" x="{x:g}" y="{y:g}" text-anchor="{anchor}">{escape(text)}</text>')

    def arrow(self, start: tuple[float, float], end: tuple[float, float], kind: str = "line") -> None:
        """Adds an arrow from one point to another."""
        (x1, y1), (x2, y2) = start, end
        self.shapes.append(f'<path class="{kind}" d="M{x1:g} {y1:g} L{x2:g} {y2:g}" marker-end="url(#tip)"/>')

    def svg(self, title: str) -> str:
        """Returns the whole picture."""
        lines = [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {self.y}" role="img">',
            f"<title>{escape(title)}</title>",
            f"<style>\n{STYLE}</style>",
            TIP,
            f'<rect class="page" width="{WIDTH}" height="{self.y}"/>',
            *self.shapes,
            "</svg>",
        ]
        return "\n".join(lines) + "\n"


def draw(text: str, title: str) -> str:
    """Returns the SVG of a text.

    Raises:
        ValueError: A line is of no form that there is.
    """
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    drawing = Drawing()
    if lines[0] == "boxes":
        _draw_boxes(drawing, lines[1:])
    elif lines[0].startswith("lanes:"):
        _draw_lanes(drawing, [name.strip() for name in lines[0].removeprefix("lanes:").split("|")], lines[1:])
    else:
        raise ValueError(f"expected boxes or lanes, got {lines[0]!r}")
    return drawing.svg(title)


def _draw_boxes(drawing: Drawing, lines: list[str]) -> None:
    for line in lines:
        if line.startswith(">"):
            drawing.arrow((WIDTH / 2, drawing.y), (WIDTH / 2, drawing.y + 32))
            drawing.text(WIDTH / 2 + 12, drawing.y + 20, line[1:].strip(), "small", "start")
            drawing.y += 36
            continue
        title, bar, content = line.partition("|")
        if not bar:
            raise ValueError(f"expected `title | parts`, got {line!r}")
        parts = [part.strip() for part in content.split(",")]
        drawing.rectangle("box", 12, drawing.y, WIDTH - 24, 76)
        drawing.text(24, drawing.y + 20, title.strip(), "title", "start")
        width = (WIDTH - 24 - 12) / len(parts) - 12
        for i, part in enumerate(parts):
            x = 24 + i * (width + 12)
            drawing.rectangle("part", x, drawing.y + 32, width, 32)
            drawing.text(x + width / 2, drawing.y + 53, part, "small")
        drawing.y += 80
    drawing.y += 12


def _draw_lanes(drawing: Drawing, names: list[str], lines: list[str]) -> None:
    step = WIDTH / len(names)
    place = {name: (i + 0.5) * step for i, name in enumerate(names)}
    for x, name in zip(place.values(), names, strict=True):
        drawing.rectangle("box", x - step / 2 + 8, 12, step - 16, 34)
        drawing.text(x, 34, name, "title")
    top = len(drawing.shapes)
    drawing.y = 72
    for line in lines:
        head, colon, label = (part.strip() for part in line.partition(":"))
        first, arrow, second = (part.strip() for part in head.replace("=>", ">").partition(">"))
        if not colon or not {first, second or first} <= place.keys():
            raise ValueError(f"expected `lane > lane: label` or `lane: note`, got {line!r}")
        if not arrow:
            _draw_note(drawing, place[first], label)
        else:
            start, end = place[first], place[second]
            drawing.text((start + end) / 2, drawing.y, label, "small")
            drawing.arrow((start, drawing.y + 8), (end, drawing.y + 8), "record" if "=>" in head else "line")
            drawing.y += 36
    for x in place.values():
        life = f'<path class="life" d="M{x:g} 46 L{x:g} {drawing.y:g}"/>'
        drawing.shapes.insert(top, life)
    drawing.y += 8


def _draw_note(drawing: Drawing, x: float, label: str) -> None:
    width = 7 * len(label) + 20
    left = min(max(x - width / 2, 6), WIDTH - 6 - width)
    drawing.rectangle("note", left, drawing.y - 14, width, 26)
    drawing.text(left + width / 2, drawing.y + 3, label, "small")
    drawing.y += 38


def main() -> int:
    """Draws the pictures anew."""
    for path in map(Path, sys.argv[1:]) if sys.argv[1:] else sorted(Path(__file__).parent.glob("*.txt")):
        path.with_suffix(".svg").write_text(draw(path.read_text(), path.stem))
    return 0


if __name__ == "__main__":
    sys.exit(main())
