"""Plots as SVG, readable on light and on dark: bars with their spread, and lines."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.rounds import Spread

STYLE = """
  text { font: 12px system-ui, sans-serif; fill: #1f2328 }
  .quiet { fill: #59636e }
  .axis { stroke: #d1d9e0 }
  .spread { stroke: #1f2328 }
  .c0 { fill: #1f6feb; stroke: #1f6feb } .c1 { fill: #8250df; stroke: #8250df }
  .c2 { fill: #9aa4af; stroke: #9aa4af } .c3 { fill: #bf8700; stroke: #bf8700 }
  .c4 { fill: #1a7f37; stroke: #1a7f37 } .line { fill: none; stroke-width: 2 }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 } .quiet { fill: #9198a1 } .axis { stroke: #3d444d }
    .spread { stroke: #e6edf3 }
  }
"""
WIDTH, LEFT, RIGHT, BAR, GAP, TOP = 760, 110, 90, 12, 14, 56


class Bar(NamedTuple):
    """One bar: which of the legend's names it is, and how long."""

    series: int
    spread: Spread


def bars(title: str, legend: Sequence[str], groups: Sequence[tuple[str, Sequence[Bar]]]) -> str:
    """Return horizontal bars in groups; a thin line shows each one's quarters."""
    most = max(bar.spread.high for _, group in groups for bar in group)
    scale = (WIDTH - LEFT - RIGHT) / most
    drawn, y = [], TOP
    for name, group in groups:
        middle = y + len(group) * BAR / 2 + 4
        drawn.append(
            f'<text x="{LEFT - 8}" y="{middle:.0f}" text-anchor="end">{escape(name)}</text>'
        )
        for series, spread in group:
            long, at = spread.median * scale, y + BAR / 2
            drawn.append(
                f'<rect class="c{series}" x="{LEFT}" y="{y}" width="{long:.1f}"'
                f' height="{BAR - 2}"/>'
                f'<line class="spread" x1="{LEFT + spread.low * scale:.1f}" y1="{at - 1:.1f}"'
                f' x2="{LEFT + spread.high * scale:.1f}" y2="{at - 1:.1f}"/>'
                f'<text class="quiet" x="{LEFT + spread.high * scale + 6:.1f}" y="{at + 3:.1f}">'
                f"{spread.median:,.0f}</text>"
            )
            y += BAR
        y += GAP
    return _svg(title, legend, drawn, y)


def lines(
    title: str, names: Sequence[str], across: Sequence[str], series: Sequence[Sequence[float]]
) -> str:
    """Return lines over the steps *across*, which stand at equal distances, from zero up."""
    height, most = 220, max(max(one) for one in series)
    step = (WIDTH - LEFT - RIGHT) / max(len(across) - 1, 1)
    drawn = [
        (
            f'<line class="axis" x1="{LEFT}" y1="{TOP + height}" x2="{WIDTH - RIGHT}"'
            f' y2="{TOP + height}"/>'
        )
    ]
    for place, word in enumerate(across):
        drawn.append(
            f'<text class="quiet" x="{LEFT + place * step:.0f}" y="{TOP + height + 18}"'
            f' text-anchor="middle">{escape(word)}</text>'
        )
    for number, values in enumerate(series):
        points = [
            (LEFT + place * step, TOP + height * (1 - value / most))
            for place, value in enumerate(values)
        ]
        drawn.append(
            f'<polyline class="c{number} line" style="fill:none" points="'
            + " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
            + '"/>'
        )
        x, y = points[-1]
        drawn.append(
            f'<text class="quiet" x="{x + 6:.0f}" y="{y + 4:.0f}">{values[-1]:,.1f}</text>'
        )
    return _svg(title, names, drawn, TOP + height + 28)


def _svg(title: str, legend: Sequence[str], drawn: Sequence[str], height: int) -> str:
    head, x = [f'<text x="0" y="16">{escape(title)}</text>'], 0
    for series, name in enumerate(legend):
        head.append(
            f'<rect class="c{series}" x="{x}" y="28" width="10" height="10"/>'
            f'<text class="quiet" x="{x + 15}" y="37">{escape(name)}</text>'
        )
        x += 34 + 7 * len(name)
    body = "\n".join([*head, *drawn])
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}"'
        f' role="img" aria-label="{escape(title)}">\n<style>{STYLE}</style>\n{body}\n</svg>\n'
    )
