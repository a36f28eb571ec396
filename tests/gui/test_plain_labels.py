"""Names that look like HTML, in labels and tooltips."""

import pytest
from qtpy.QtCore import Qt

from napari_sam_med.gui.benchmark.views.benchmark_view import RunBar
from napari_sam_med.gui.prompting.views.rows.status_line import StatusLine
from napari_sam_med.gui.shared.widgets.plain_labels import PlainLabel, plain_tip

NAME = '<img src="x"> <b>liver</b>'


def labels_in(widget):
    return widget.text if isinstance(widget, StatusLine) else widget.message


@pytest.mark.parametrize("kind", [StatusLine, RunBar])
def test_a_sentence_with_a_name_is_shown_as_it_stands(qtbot, kind):
    widget = kind()
    qtbot.addWidget(widget)
    show = widget.show_message if kind is RunBar else widget.set_status
    show(*(["ready"] if kind is StatusLine else []), NAME)
    label = labels_in(widget)
    assert label.text() == NAME
    assert label.textFormat() == Qt.TextFormat.PlainText


def test_control_characters_are_shown_as_escapes(qtbot):
    label = PlainLabel("a\x1b[2Jb\u202ec")
    qtbot.addWidget(label)
    assert label.text() == "a\\x1b[2Jb\\u202ec"


def test_a_tip_that_looks_like_html_is_escaped_and_another_is_not():
    assert plain_tip(f"{NAME}\nb") == (
        "<qt>&lt;img src=&quot;x&quot;&gt; &lt;b&gt;liver&lt;/b&gt;<br>b</qt>"
    )
    assert plain_tip("a < b & c") == "a < b & c"
