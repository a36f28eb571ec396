"""How figures look, and how they become files and parts of a page."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from napari_sam_med.core.storage.atomic_files import replacing, write_text
from napari_sam_med.core.storage.plain_text import on_one_line

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.transforms import Bbox

COLOURS = (
    "#2f6f9f", "#d1762c", "#4b8b57", "#8a5a9e", "#b8434e", "#6b6b6b", "#b59a2f",
    "#3fa3a3", "#d18fb0", "#7a5c43",
)  # fmt: skip
LINES = {"default": "-", "oracle": "--"}
GRID, DIM = "#dddddd", "#8a8a8a"
WIDTH = 6.4
"""Inches; a page of A4 with margins of 2 cm is 6.7 wide."""
PNG_DPI = 200
"""1,280 pixels for a figure of one column: sharp on a screen, small in a mail."""
PADDING = 0.08
"""Inches round what a figure fills."""
SVG_DPI = 120
"""Of what is drawn as pixels within an SVG: clouds of points, and images."""


@dataclass(frozen=True, slots=True, eq=False)
class ReportFigure:
    """A figure.

    Parameters
    ----------
    name : str
        Of its files, without ending.
    caption : str
        What it shows, for people.
    section : str
        The part of the page it stands in.
    figure : Figure
        Drawn.
    is_picture : bool
        Whether it shows images, whose greys a dark page must not turn round.
    commands : tuple of (str, str)
        What is shown, and the command that opens it in the viewer.
    """

    name: str
    caption: str
    section: str
    figure: Figure
    is_picture: bool = False
    commands: tuple[tuple[str, str], ...] = field(default=())


@dataclass(frozen=True, slots=True)
class PlacedFigure:
    """A figure as a page shows it; ``address`` holds the SVG itself."""

    name: str
    caption: str
    section: str
    address: str
    is_picture: bool
    commands: tuple[tuple[str, str], ...]


def write_figures(figures: Sequence[ReportFigure], folder: Path) -> list[PlacedFigure]:
    """Write each figure as SVG and PNG, and give them for the page.

    Parameters
    ----------
    figures : sequence of ReportFigure
        With names that differ.
    folder : Path
        Made if it is not there; earlier files of these names are replaced.

    Returns
    -------
    list of PlacedFigure

    Raises
    ------
    FileWriteError
        If the folder cannot be written.
    """
    placed = []
    for one in figures:
        frame = frame_of(one.figure)
        svg = svg_from_figure(one.figure, frame)
        write_text(folder / f"{one.name}.svg", svg)
        with (
            replacing(folder / f"{one.name}.png", overwrite=True) as part,
            part.open("wb") as file,
        ):
            one.figure.savefig(
                file, format="png", dpi=PNG_DPI, bbox_inches=frame, facecolor="white"
            )
        address = address_from_svg(svg)
        placed.append(
            PlacedFigure(
                one.name,
                one.caption,
                one.section,
                address,
                one.is_picture,
                one.commands,
            )
        )
    return placed


def frame_of(figure: Figure) -> Bbox:
    """Measure once, for all formats, what a figure fills: (2, 2) in inches."""
    return figure.get_tightbbox().padded(PADDING)


def svg_from_figure(figure: Figure, frame: Bbox | None = None) -> str:
    """Draw a figure as SVG with a transparent ground, the same each time.

    Parameters
    ----------
    figure : Figure
        Any figure.
    frame : Bbox, optional
        What of it; by default what it fills.

    Returns
    -------
    str
    """
    from matplotlib import rc_context

    frame = frame_of(figure) if frame is None else frame

    stream = io.StringIO()
    with rc_context({"svg.hashsalt": "napari-sam-med"}):
        figure.savefig(
            stream,
            format="svg",
            bbox_inches=frame,
            transparent=True,
            dpi=SVG_DPI,
            metadata={"Date": None},
        )
    return stream.getvalue()


def address_from_svg(svg: str) -> str:
    """Turn an SVG into an address that holds it: ``data:image/svg+xml;base64,...``."""
    text = base64.b64encode(svg.encode()).decode()
    return f"data:image/svg+xml;base64,{text}"


def plain_label(text: str) -> str:
    r"""Make a label of a name: matplotlib sets what stands between dollars as formulas.

    Parameters
    ----------
    text : str
        A name that came with data.

    Returns
    -------
    str
        For a legend, which leaves out labels that begin with an underscore.

    Examples
    --------
    >>> plain_label("a_$x$"), plain_label("_b")
    ('a_\\$x\\$', ' _b')
    """
    text = on_one_line(text).replace("$", r"\$")
    return f" {text}" if text.startswith("_") else text


def new_axes(width: float = WIDTH, height: float = 3.6, *, grid: str = "y") -> Axes:
    """Make a figure with one pair of axes."""
    from matplotlib.figure import Figure

    axes = Figure(figsize=(width, height)).add_subplot()
    style(axes, grid=grid)
    return axes


def figure_with(axes: Axes) -> Figure:
    """Give the figure that axes belong to."""
    figure: Figure = axes.get_figure(root=True)  # type: ignore[assignment]  # it has one
    return figure


def style(axes: Axes, *, grid: str = "y") -> None:
    """Give axes the look of the house: two spines, and a grid behind the data."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis=grid, color=GRID, linewidth=0.8)  # type: ignore[arg-type]
    axes.set_axisbelow(True)


def cycled(count: int) -> list[str]:
    """Give so many colours; after ten they begin again."""
    return [COLOURS[number % len(COLOURS)] for number in range(count)]


def colours_of(names: Sequence[str]) -> dict[str, str]:
    """Give each name a colour, the same in all figures of a report."""
    ordered = sorted(set(names))
    return dict(zip(ordered, cycled(len(ordered)), strict=True))


def name_of_file(*parts: str) -> str:
    """Make a file's name of names that came with data.

    Examples
    --------
    >>> name_of_file("ranked", "as-released", "sam vit/h")
    'ranked_as-released_sam-vit-h'
    """
    return "_".join(
        "".join(sign if sign.isalnum() or sign in "-_.@" else "-" for sign in part)
        for part in parts
    )
