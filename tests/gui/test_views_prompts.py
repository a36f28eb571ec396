import numpy as np
import pytest
from qtpy.QtCore import QEvent, QPoint, QPointF, QSettings, Qt
from qtpy.QtGui import QWheelEvent
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QComboBox, QLabel

from napari_sam_med.gui.prompting.views.candidate_cards import CandidateRow, CardContent
from napari_sam_med.gui.prompting.views.kinds_bar import (
    MEMORY_KEY,
    KindChoices,
    KindsBar,
)
from napari_sam_med.gui.prompting.views.precompute_bar import (
    ExportSettings,
    LabelFormat,
    PrecomputeBar,
    PrecomputeSettings,
    SliceChoice,
)
from napari_sam_med.gui.prompting.views.prompts_view import PromptsView
from napari_sam_med.gui.prompting.views.rows.slice_heading import SliceHeading
from napari_sam_med.gui.prompting.views.rows.status_line import StatusLine
from napari_sam_med.gui.prompting.views.rows.tool_row import ToolRow
from napari_sam_med.gui.prompting.views.write_bar import WriteBar
from napari_sam_med.gui.shared.widgets.forms import FormMemory
from napari_sam_med.gui.shared.widgets.options import Option, OptionBox
from napari_sam_med.gui.shared.widgets.scrolling import ScrolledColumn
from napari_sam_med.gui.shared.widgets.weights_panel import MissingWeights

LEFT = Qt.MouseButton.LeftButton


def content_of(score: float) -> CardContent:
    picture = np.zeros((10, 10, 3), dtype=np.uint8)
    return CardContent(picture, score, "3 mm²", (80, 180, 230))


def test_code_that_fills_a_list_chooses_nothing(qtbot):
    box = OptionBox()
    qtbot.addWidget(box)
    with qtbot.assertNotEmitted(box.chosen):
        box.set_options([Option("a", "A"), Option("b", "B")], "b")
    assert box.key == "b"


def test_a_person_who_chooses_a_line_is_heard(qtbot):
    box = OptionBox()
    qtbot.addWidget(box)
    box.set_options([Option("a", "A"), Option("b", "B")], "a")
    with qtbot.waitSignal(box.chosen) as heard:
        box.activated.emit(1)
    assert heard.args == ["b"]


def test_an_absent_key_shows_no_line(qtbot):
    box = OptionBox()
    qtbot.addWidget(box)
    box.set_options([Option("a", "A")], "z")
    assert box.key == ""


@pytest.mark.parametrize("tool", ["include", "exclude", "box", "navigate"])
def test_clicking_a_tool_tells_its_name(qtbot, tool):
    row = ToolRow()
    qtbot.addWidget(row)
    with qtbot.waitSignal(row.tool_chosen) as heard:
        QTest.mouseClick(row.buttons[tool], LEFT)
    assert heard.args == [tool]


def test_one_tool_is_down(qtbot):
    row = ToolRow()
    qtbot.addWidget(row)
    row.set_tool("box")
    row.set_tool("exclude")
    assert [n for n, b in row.buttons.items() if b.isChecked()] == ["exclude"]


def test_a_tool_that_is_refused_is_greyed_out_with_the_reason(qtbot):
    row = ToolRow()
    qtbot.addWidget(row)
    row.set_refusals({"box": "it never saw boxes", "include": ""})
    assert not row.buttons["box"].isEnabled()
    assert row.buttons["box"].toolTip().endswith("it never saw boxes")
    assert row.buttons["include"].isEnabled()
    row.set_refusals({})
    assert row.buttons["box"].isEnabled()
    assert "never" not in row.buttons["box"].toolTip()


@pytest.mark.parametrize(
    ("points", "boxes", "words"),
    [
        (True, True, {"Click", "Ctrl-click", "drag"}),
        (True, False, {"Click", "Ctrl-click"}),
        (False, True, {"Drag"}),
    ],
)
def test_the_hint_names_the_prompts_that_the_model_takes(qtbot, points, boxes, words):
    row = CandidateRow()
    qtbot.addWidget(row)
    row.set_hint(points=points, boxes=boxes)
    known = {"Click", "Ctrl-click", "drag", "Drag"}
    assert known & set(row.hint.text().split()) == words


def test_as_many_cards_as_candidates(qtbot):
    row = CandidateRow()
    qtbot.addWidget(row)
    row.show()
    row.set_contents([content_of(0.5)])
    assert [card.isVisible() for card in row.cards] == [True, False, False]
    row.set_contents([content_of(0.5), content_of(0.9), content_of(0.7)])
    assert [card.score.text() for card in row.cards] == ["0.50", "0.90", "0.70"]
    row.set_contents([])
    assert row.hint.isVisible()


def test_clicking_a_card_chooses_its_slot(qtbot):
    row = CandidateRow()
    qtbot.addWidget(row)
    row.set_contents([content_of(0.5), content_of(0.9)])
    with qtbot.waitSignal(row.chosen) as heard:
        QTest.mouseClick(row.cards[1], LEFT)
    assert heard.args == [1]


def test_the_mouse_over_a_card_previews_it_until_it_leaves(qtbot):
    row = CandidateRow()
    qtbot.addWidget(row)
    row.set_contents([content_of(0.5), content_of(0.9)])
    with qtbot.waitSignal(row.cards[1].entered):
        row.cards[1].enterEvent(_enter_event())
    with qtbot.waitSignal(row.previewed) as heard:
        QApplication.sendEvent(row.cards[1], QEvent(QEvent.Type.Leave))
    assert heard.args == [-1]


def _enter_event():
    from qtpy.QtCore import QPointF
    from qtpy.QtGui import QEnterEvent

    return QEnterEvent(QPointF(1, 1), QPointF(1, 1), QPointF(1, 1))


def test_setting_the_label_is_no_choice(qtbot):
    bar = WriteBar()
    qtbot.addWidget(bar)
    with qtbot.assertNotEmitted(bar.label_chosen):
        bar.set_label(7, (1, 2, 3))
    with qtbot.waitSignal(bar.label_chosen) as heard:
        bar.label.setValue(8)
    assert heard.args == [8]


@pytest.mark.parametrize(
    ("button", "signal"),
    [
        ("accept", "accept_requested"),
        ("undo", "undo_requested"),
        ("redo", "redo_requested"),
        ("clear", "clear_requested"),
        ("next_object", "next_requested"),
    ],
)
def test_each_button_of_the_write_bar_is_heard(qtbot, button, signal):
    bar = WriteBar()
    qtbot.addWidget(bar)
    with qtbot.waitSignal(getattr(bar, signal)):
        QTest.mouseClick(getattr(bar, button), LEFT)


def test_buttons_leave_the_keyboard_to_the_canvas(qtbot):
    view = PromptsView()
    qtbot.addWidget(view)
    write = view.write
    for button in (
        write.accept,
        write.undo,
        write.redo,
        write.clear,
        write.next_object,
    ):
        assert button.focusPolicy() == Qt.FocusPolicy.NoFocus


def test_precomputing_can_be_started_and_stopped_by_the_same_button(qtbot):
    bar = PrecomputeBar()
    qtbot.addWidget(bar)
    with qtbot.waitSignal(bar.precompute_requested):
        QTest.mouseClick(bar.precompute, LEFT)
    bar.set_progress(3, 60, 75.2)
    assert bar.progress.format() == "%v of %m, 1 min 15 s left"
    with qtbot.waitSignal(bar.stop_requested):
        QTest.mouseClick(bar.precompute, LEFT)


def test_an_error_can_be_told_from_good_news(qtbot):
    line = StatusLine()
    qtbot.addWidget(line)
    line.set_status("error", "the slice has NaN")
    assert (line.phase, line.text.text()) == ("error", "the slice has NaN")
    assert line.text.styleSheet()
    line.set_status("ready", "3 masks")
    assert not line.text.styleSheet()


@pytest.fixture
def bar(qtbot):
    made = PrecomputeBar()
    qtbot.addWidget(made)
    with qtbot.waitExposed(made):
        made.show()
    return made


@pytest.mark.parametrize("name", ["export", "precompute"])
def test_settings_are_shown_when_they_are_asked_for(bar, name):
    options, form = getattr(bar, f"{name}_options"), getattr(bar, f"{name}_form")
    assert not form.native.isVisible()
    QTest.mouseClick(options, LEFT)
    assert form.native.isVisible()
    QTest.mouseClick(options, LEFT)
    assert not form.native.isVisible()


def test_all_slices_are_precomputed_unless_a_person_gives_a_range(bar):
    bar.set_slices(0, 60)
    assert bar.precompute_settings.wanted is None
    bar.precompute_form.slices.value = SliceChoice.RANGE
    assert bar.precompute_settings.wanted == range(60)
    bar.precompute_form.first.value = 12
    bar.precompute_form.last.value = 20
    assert bar.precompute_settings.wanted == range(12, 21)


def test_the_range_stays_until_another_axis_is_shown(bar):
    chosen = PrecomputeSettings(SliceChoice.RANGE, 3, 5)
    bar.set_slices(0, 60)
    bar.precompute_form.value = chosen
    bar.set_slices(0, 60)
    assert bar.precompute_settings == chosen
    bar.set_slices(1, 512)
    assert bar.precompute_settings == PrecomputeSettings(last=511)


def test_what_an_export_adds_is_told_by_suffix():
    assert ExportSettings().added == ()
    assert ExportSettings(statistics=True, picture=True).added == (".csv", ".png")


def test_an_exports_settings_are_remembered(qtbot, tmp_path):
    settings = QSettings(str(tmp_path / "docks.ini"), QSettings.Format.IniFormat)
    wanted = ExportSettings(LabelFormat.NRRD, statistics=True)
    for _ in range(2):
        made = PrecomputeBar(settings)
        qtbot.addWidget(made)
        found = made.export_settings
        made.export_form.value = wanted
    assert found == wanted


def test_what_boxes_are_and_where_prompts_start_is_remembered(qtbot, tmp_path):
    settings = QSettings(str(tmp_path / "docks.ini"), QSettings.Format.IniFormat)
    first = KindsBar(settings)
    qtbot.addWidget(first)
    first.second_box.activated.emit(first.second_box.findData("part"))
    QTest.mouseClick(first.start, LEFT, pos=QPoint(8, first.start.height() // 2))
    again = KindsBar(settings)
    qtbot.addWidget(again)
    assert again.second_box.key == "part"
    assert not again.start.isChecked()


def test_a_rule_that_is_known_no_more_is_forgotten(qtbot, tmp_path):
    settings = QSettings(str(tmp_path / "docks.ini"), QSettings.Format.IniFormat)
    FormMemory(settings, MEMORY_KEY).keep(KindChoices("union", starts=False))
    bar = KindsBar(settings)
    qtbot.addWidget(bar)
    assert bar.choices == KindChoices()


def test_the_heading_names_the_slice_that_is_prompted(qtbot):
    folded = QLabel()
    qtbot.addWidget(folded)
    heading = SliceHeading(folded, "")
    qtbot.addWidget(heading)
    heading.set_slice(axis=1, index=17, count=60)
    assert heading.text.text() == "Slice 17 of 0 to 59, axis 1"
    heading.set_slice(axis=0, index=0, count=1)
    assert heading.text.text() == "Prompt on the image"


def test_a_card_names_the_key_that_chooses_it(qtbot):
    row = CandidateRow()
    qtbot.addWidget(row)
    row.set_keys({"pick_first": ["Q"]})
    row.set_contents([content_of(0.5), content_of(0.9)])
    assert [card.key.text() for card in row.cards] == ["Q", "2", "3"]
    assert row.cards[0].toolTip().endswith("Click or press Q to choose it")
    assert row.cards[1].toolTip().endswith("\nClick to choose it")


def test_a_message_without_spaces_does_not_make_the_dock_wider(qtbot):
    view = PromptsView()
    qtbot.addWidget(view)
    before = view.minimumSizeHint()
    view.status.set_status("error", "/data/" + "patient" * 60)
    assert view.minimumSizeHint() == before


def test_a_model_with_much_to_say_does_not_make_the_dock_larger(qtbot):
    view = PromptsView()
    qtbot.addWidget(view)
    with qtbot.waitExposed(view):
        view.show()
    before = view.minimumSizeHint()
    said = "word " * 500
    missing = MissingWeights(
        "m", "M", "1 GB", said, note=said, address="https://a.org/x/" + "weights" * 60
    )
    view.weights.set_missing(missing)
    QApplication.processEvents()
    assert view.weights.isVisible()
    assert view.minimumSizeHint() == before


def test_a_dock_in_a_low_window_scrolls_to_its_last_button(qtbot):
    view = PromptsView()
    qtbot.addWidget(view)
    view.resize(400, 300)
    with qtbot.waitExposed(view):
        view.show()
    assert view.height() == 300
    column = view.findChild(ScrolledColumn)
    column.ensureWidgetVisible(view.outputs.save)
    place = view.outputs.save.mapTo(view, view.outputs.save.rect().center())
    assert view.rect().contains(place)


@pytest.mark.parametrize("name", ["models", "label", "method"])
def test_the_wheel_on_its_way_over_a_field_changes_nothing(qtbot, name):
    view = PromptsView()
    qtbot.addWidget(view)
    view.source.set_models([Option("a", "A"), Option("b", "B")], "a")
    view.write.label.setValue(5)
    fields = {
        "models": view.source.models,
        "label": view.write.label,
        "method": view.propagate.form.native.findChild(QComboBox, "method"),
    }
    before = (view.source.models.key, view.write.label.value(), view.propagate.settings)
    at = QPointF(4, 4)
    wheel = QWheelEvent(
        at,
        at,
        QPoint(),
        QPoint(0, -120),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,  # noqa: FBT003
    )
    QApplication.sendEvent(fields[name], wheel)
    after = (view.source.models.key, view.write.label.value(), view.propagate.settings)
    assert after == before
    assert not wheel.isAccepted()  # so that Qt hands it on to the column


def test_lists_of_a_form_leave_the_keyboard_to_the_canvas(qtbot):
    view = PromptsView()
    qtbot.addWidget(view)
    for each in view.findChildren(QComboBox):
        assert not each.focusPolicy() & Qt.FocusPolicy.ClickFocus
