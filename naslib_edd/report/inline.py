"""Figures as SVG inside a page: they take its ink, so that they are read by day and by night."""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import matplotlib
from markupsafe import Markup, escape
from matplotlib.figure import Figure

from naslib_edd.report.style import house_style
from naslib_edd.spaces import Space
from naslib_edd.spaces.nb201.drawing import COLOURS, SHORT
from naslib_edd.spaces.nb201.encoding import (
    EDGES,
    NODES,
    NONE,
    OPERATIONS,
    Arch,
)
from naslib_edd.spaces.nb201.forms import to_ops

#: Colours that no figure has, put in for those that the page gives.
_INK, _GRID = "#010203", "#010204"
_PAGE: Any = {
    **dict.fromkeys(("figure.facecolor", "savefig.facecolor", "axes.facecolor"), "none"),
    **dict.fromkeys(
        ("text.color", "axes.edgecolor", "axes.labelcolor", "xtick.color", "ytick.color"), _INK
    ),
    "axes.titlecolor": _INK,
    "grid.color": _GRID,
    "svg.fonttype": "none",
}
_SPACE, _HEIGHTS = 62, {(0, 2): -34, (0, 3): -68, (1, 3): 34}


@contextmanager
def page_style() -> Iterator[None]:
    """The house style without a background, with text as text."""
    with house_style(), matplotlib.rc_context(_PAGE):
        yield


def inline_svg(figure: Figure, name: str, *, label: str) -> Markup:
    """The figure as an ``<svg>`` element.

    Args:
        figure: made within :func:`page_style`.
        name: letters and digits; what its ids begin with, another for each figure of a page.
        label: what it shows, for who cannot see it.
    """
    file = io.StringIO()
    with matplotlib.rc_context({"svg.hashsalt": name}):
        figure.savefig(file, format="svg", metadata={"Date": None})
    text = file.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, count=1, flags=re.DOTALL)
    head, rest = text.split(">", 1)
    box = re.search(r'viewBox="([-0-9. ]+)"', head)
    width = re.search(r'width="([0-9.]+)pt"', head)
    assert box is not None and width is not None
    rest = re.sub(r'\bid="([^"]*)"', rf'id="{name}-\1"', rest)
    rest = re.sub(r'(url\(#|xlink:href="#|\bhref="#)', rf"\1{name}-", rest)
    # Only in attributes: a user's text may hold such a colour, too.
    rest = re.sub(rf'([:"]\s*)(?:{_INK}|#000000)(?=[;"])', r"\1currentColor", rest)
    rest = re.sub(rf"([:\"]\s*){_GRID}(?=[;\"])", r"\1var(--grid)", rest)
    rest = re.sub(r"([:\"]\s*)#ffffff(?=[;\"])", r"\1var(--paper)", rest)
    return Markup(
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'role="img" aria-label="{escape(label)}" viewBox="{box[1]}" '
        f'style="max-width:{float(width[1]) * 4 / 3:.0f}px">{rest}'
    )


def arch_svg(space: Space, arch: Sequence[int | None]) -> Markup:
    """A small drawing of an architecture, as its space draws it."""
    if space.name == "nasbench201":
        return cell_svg([op for op in arch if op is not None])
    with page_style():
        figure = Figure(figsize=(3.4, 2.8), layout="constrained")
        space.draw(figure.subplots(), arch, font_size=7)
        name = "cell" + hashlib.sha256(repr(tuple(arch)).encode()).hexdigest()[:12]
        return inline_svg(figure, name, label=space.text(arch))


def cell_svg(arch: Arch) -> Markup:
    """A small drawing of a cell: nodes in a row, an edge in its operation's colour."""
    ops = to_ops(arch)
    parts = []
    for (source, target), op in zip(EDGES, ops, strict=True):
        start, end = 14 + source * _SPACE, 14 + target * _SPACE
        bend = 2 * _HEIGHTS.get((source, target), 0)
        name = OPERATIONS[op]
        width, dashes = ("1.2", ' stroke-dasharray="4 3"') if op == NONE else ("3", "")
        parts.append(
            f'<path d="M{start} 76Q{(start + end) / 2:g} {76 + bend} {end} 76" fill="none" '
            f'stroke="{COLOURS[name]}" stroke-width="{width}"{dashes}>'
            f"<title>{target}←{source}: {SHORT[name]}</title></path>"
        )
    parts += [
        f'<circle cx="{14 + node * _SPACE}" cy="76" r="7" fill="var(--paper)" '
        'stroke="currentColor" stroke-width="1.5"/>'
        for node in range(NODES)
    ]
    told = ", ".join(
        f"{target}←{source} {SHORT[OPERATIONS[op]]}"
        for (source, target), op in zip(EDGES, ops, strict=True)
    )
    return Markup(
        f'<svg class="cell" role="img" aria-label="{escape(told)}" viewBox="0 0 '
        f'{28 + (NODES - 1) * _SPACE} 118">{"".join(parts)}</svg>'
    )
