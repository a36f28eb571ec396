"""Names in figures."""

import pytest
from matplotlib.figure import Figure

from napari_sam_med.bench.report.figures.figure_style import (
    address_from_svg,
    plain_label,
    svg_from_figure,
)


@pytest.mark.parametrize("name", ["a$b_1$", "$x", "a_b^c", "\\$", "$$", "$\\frac{$"])
def test_a_name_in_a_legend_is_no_formula(name):
    figure = Figure()
    axes = figure.add_subplot()
    axes.plot([0, 1], label=plain_label(name))
    (text,) = axes.legend().get_texts()
    shown, is_formula = text._preprocess_math(text.get_text())
    assert (shown, is_formula) == (name, False)
    assert address_from_svg(svg_from_figure(figure)).startswith("data:image/svg+xml")


def test_a_name_that_begins_with_an_underscore_stays_in_the_legend():
    axes = Figure().add_subplot()
    axes.plot([0, 1], label=plain_label("_run"))
    (text,) = axes.legend().get_texts()
    assert text.get_text().strip() == "_run"
