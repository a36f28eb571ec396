"""Names in figures."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from fakes.labelled_volumes import made_volume
from napari_sam_med.bench.report.figures.figure_style import (
    address_from_svg,
    plain_label,
    svg_from_figure,
)
from napari_sam_med.bench.report.figures.picture_panels import (
    PicturePanel,
    figure_of_panels,
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


def test_a_name_above_a_picture_is_no_formula():
    labelled = made_volume("p1_a", slices=1)
    truth = np.asarray(labelled.labels[0] == 1)
    panel = PicturePanel(labelled, 0, 0, truth, truth, (), "a$b_1$\nIoU 0.90")
    (axes,) = figure_of_panels([panel], 1).axes
    shown, is_formula = axes.title._preprocess_math(axes.get_title())
    assert (shown, is_formula) == ("a$b_1$\nIoU 0.90", False)
