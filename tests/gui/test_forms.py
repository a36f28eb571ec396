"""Forms made from dataclasses: what is shown, what comes back, what is remembered."""

import json
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path

import pytest
from qtpy.QtCore import QPoint, QSettings, Qt
from qtpy.QtTest import QTest

from napari_sam_med.core.storage.documents import OPEN
from napari_sam_med.gui.shared.widgets.forms import Choice, FormMemory, form_of, setting

LEFT = Qt.MouseButton.LeftButton


class Speed(StrEnum):
    SLOW = "slow"
    FAST = "fast"


@dataclass(frozen=True, slots=True)
class Options:
    __pydantic_config__ = OPEN

    names: tuple[str, ...] = ()
    outlines: bool = field(default=True, metadata=setting("Outlines", "Compare them"))
    tolerance: float = field(
        default=2.0,
        metadata=setting("Tolerance", most=50, unit="mm", needs={"outlines": True}),
    )
    clicks: int = field(default=9, metadata=setting("Clicks", least=1, most=20))
    speed: Speed = field(default=Speed.SLOW, metadata=setting("Speed"))
    profile: str = field(default="a", metadata=setting("Profile"))
    folder: Path | None = field(
        default=None, metadata=setting("Store in", empty="a temporary folder")
    )


PROFILES = {"profile": {"a": Choice("rules A", "the first"), "b": Choice("rules B")}}


@pytest.fixture
def form(qtbot):
    made = form_of(Options, choices=PROFILES)
    qtbot.addWidget(made.native)
    with qtbot.waitExposed(made.native):
        made.native.show()
    return made


@pytest.fixture
def memory(tmp_path):
    settings = QSettings(str(tmp_path / "docks.ini"), QSettings.Format.IniFormat)
    return FormMemory(settings, "options", version=3)


def remembering(qtbot, memory):
    made = form_of(Options, memory=memory, choices=PROFILES)
    qtbot.addWidget(made.native)
    return made


def test_a_form_begins_with_the_defaults(form):
    assert form.value == Options()


def test_values_come_back_as_they_were_set_with_those_that_are_not_shown(form):
    value = Options(("n",), outlines=False, clicks=4, folder=Path("/data"))
    form.value = value
    assert form.value == value


def test_each_change_by_a_person_gives_the_whole_new_value(form):
    heard = []
    form.changed.connect(heard.append)
    QTest.mouseClick(form.outlines.native, LEFT, pos=QPoint(8, 8))
    assert heard == [Options(outlines=False)]


def test_setting_all_values_is_one_change(form):
    heard = []
    form.changed.connect(heard.append)
    form.value = Options(outlines=False, clicks=3, speed=Speed.FAST)
    assert heard == [Options(outlines=False, clicks=3, speed=Speed.FAST)]


def test_a_field_is_shown_only_while_the_one_that_it_needs_is_on(form):
    assert form.tolerance.native.isVisible()
    form.outlines.value = False
    assert not form.tolerance.native.isVisible()
    form.outlines.value = True
    assert form.tolerance.native.isVisible()


def test_a_number_outside_its_range_leaves_the_field_as_it_was(form):
    form.value = Options(clicks=400)
    assert form.value.clicks == 9


def test_a_choice_that_does_not_exist_leaves_the_field_as_it_was(form):
    form.value = Options(profile="z")
    assert form.value.profile == "a"


def test_labels_units_tooltips_and_choices_are_those_of_the_declaration(form):
    assert form.tolerance.label == "Tolerance (mm)"
    assert form.outlines.native.text() == "Outlines"
    assert form.outlines.native.toolTip() == "Compare them"
    combo = form.profile.native
    assert [combo.itemText(i) for i in range(combo.count())] == ["rules A", "rules B"]
    assert combo.itemData(0, Qt.ItemDataRole.ToolTipRole) == "the first"


def test_a_long_line_of_a_list_does_not_make_the_form_wider(qtbot):
    short, long = (
        form_of(Options, choices={"profile": {"a": Choice("a" * n)}}) for n in (1, 300)
    )
    for each in (short, long):
        qtbot.addWidget(each.native)
    assert long.native.minimumSizeHint() == short.native.minimumSizeHint()


def test_a_form_remembers_what_a_person_changed(qtbot, memory):
    remembering(qtbot, memory).clicks.value = 5
    assert remembering(qtbot, memory).value == Options(clicks=5)


def test_a_field_that_is_newer_than_the_memory_takes_its_default(qtbot, memory):
    older = {"version": 3, "clicks": 5}
    memory.settings.setValue("options", json.dumps(older))
    assert remembering(qtbot, memory).value == Options(clicks=5)


def stored(**changes):
    return json.dumps({"version": 3, **asdict(Options(clicks=5)), **changes})


@pytest.mark.parametrize(
    "text",
    [
        "{",
        stored(version=2),
        stored(version=4),
        stored(clicks="many"),
        stored(clicks=400),
        stored(tolerance=float("nan")),
        stored(speed="warp"),
        17,
    ],
)
def test_a_memory_that_is_of_no_use_is_forgotten(qtbot, memory, text):
    memory.settings.setValue("options", text)
    assert remembering(qtbot, memory).value == Options()
