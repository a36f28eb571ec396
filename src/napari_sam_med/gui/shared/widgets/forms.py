"""Forms made from frozen dataclasses with magicgui: a new setting is one line.

A field that a person may set carries `setting` as its metadata, and is a bool, a
number, a text, a folder (``Path | None``), an enumeration, or has choices; any other
field belongs to the value but is not shown::

    @dataclass(frozen=True, slots=True)
    class Options:
        __pydantic_config__ = OPEN
        axis: int = field(default=0, metadata=setting("Slice axis", most=2))
        name: str = field(default="", metadata=setting("Name", needs={"axis": 0}))


    form = form_of(Options)
    form.changed.connect(print)  # is given an Options each time
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import Field, asdict, dataclass, field, fields, replace
from enum import Enum
from pathlib import Path
from typing import Any, Generic, TypeVar, cast, get_type_hints

from magicgui.types import FileDialogMode
from magicgui.widgets import (
    CheckBox,
    ComboBox,
    FileEdit,
    FloatSpinBox,
    LineEdit,
    SpinBox,
)
from magicgui.widgets.bases import BaseValueWidget, ValuedContainerWidget
from platformdirs import user_config_path
from qtpy.QtCore import QEvent, QObject, QSettings, Qt
from qtpy.QtWidgets import QComboBox, QLabel, QSizePolicy, QWidget

from napari_sam_med.core.storage.documents import Document
from napari_sam_med.errors import FileReadError

Values = TypeVar("Values")

DECLARED = "napari_sam_med.setting"
COMBO_LETTERS = 8  # a combo box may be this narrow, however long its lines are


@dataclass(frozen=True, slots=True)
class Choice:
    """One line of a list.

    Parameters
    ----------
    text : str
        What a person reads.
    hint : str
        More of it, for the tooltip.
    """

    text: str
    hint: str = ""


Choices = Mapping[Any, Choice]
"""Values of a field, in the order of the list, with what a person reads of each."""


@dataclass(frozen=True, slots=True)
class Setting:
    """How a field of a dataclass is shown.

    Parameters
    ----------
    label : str
        In front of it, or beside its box.
    tip : str
        Tooltip: what it does.
    least, most : float
        Range of a number.
    step : float
        By how much an arrow changes a number.
    unit : str
        Of a number, shown behind its label.
    choices : mapping
        Values to choose from; a field of an enumeration offers its members without.
    needs : mapping of str to value
        The field is shown only while these others have these values.
    empty : str
        What an empty text or folder stands for.
    """

    label: str
    tip: str = ""
    least: float = 0
    most: float = 100
    step: float = 1
    unit: str = ""
    choices: Choices | None = None
    needs: Mapping[str, Any] = field(default_factory=dict)
    empty: str = ""


def setting(label: str, tip: str = "", **shown: Any) -> dict[str, Setting]:
    """Give the metadata of a dataclass's field that a person may set.

    Parameters
    ----------
    label, tip
        See `Setting`.
    **shown
        The other parameters of `Setting`.
    """
    return {DECLARED: Setting(label, tip, **shown)}


@dataclass(frozen=True, slots=True)
class FormMemory:
    """Where a form's values are kept from one start to the next.

    Parameters
    ----------
    settings : QSettings
        The file.
    key : str
        The entry.
    version : int
        Changes when the meaning of a field does; other versions are forgotten. A field
        that is new takes its default and needs no new version.
    """

    settings: QSettings
    key: str
    version: int = 1

    def recall(self, kind: type[Values]) -> Values | None:
        """Return what was kept; None if there is nothing, or nothing of use.

        Parameters
        ----------
        kind : type
            A dataclass with ``__pydantic_config__``.
        """
        stored = self.settings.value(self.key, "")
        versions = range(self.version, self.version + 1)
        document = Document("remembered settings", kind, "forget it", versions=versions)
        with suppress(FileReadError):
            text = stored if isinstance(stored, str) else ""
            value = document.parse(text, self.key)
            if _is_within(value):
                return value
        return None

    def keep(self, value: Any) -> None:
        """Keep a value for next time."""
        plain = {"version": self.version, **asdict(value)}
        self.settings.setValue(self.key, json.dumps(plain, default=str))


class SettingsForm(ValuedContainerWidget[Values], Generic[Values]):
    """A container whose value is a dataclass; ``changed`` is emitted with each new one.

    Parameters
    ----------
    initial : dataclass
        What it shows at first.
    choices : mapping of str to Choices
        Choices by field name, for those that are not known where it is declared.
    """

    def __init__(self, initial: Values, choices: Mapping[str, Choices]) -> None:
        self._value = initial
        self._is_filling = False
        hints = get_type_hints(type(initial))
        self._settings = {
            each.name: _with_choices(declared, hints[each.name], choices.get(each.name))
            for each in _fields_of(initial)
            if (declared := each.metadata.get(DECLARED)) is not None
        }
        self._shown: dict[str, BaseValueWidget] = {
            name: _widget_of(name, hints[name], each)
            for name, each in self._settings.items()
        }
        super().__init__(widgets=tuple(self._shown.values()))
        self.margins = (0, 0, 0, 0)
        self._aligner = _LabelAligner(self.native)
        self.set_value(initial)
        for widget in self._shown.values():
            widget.changed.connect(self._on_changed)

    def get_value(self) -> Values:
        """Return the values as they stand."""
        return self._value

    def set_value(self, value: Values) -> None:
        """Show these values; one that cannot be shown leaves the field as it is."""
        self._is_filling = True
        for name, widget in self._shown.items():
            # magicgui: out of range, or no such choice; pathlib: nobody's home folder
            with suppress(ValueError, RuntimeError):
                widget.value = getattr(value, name)
        self._is_filling = False
        self._value = self._read(value)
        self._show_needed()
        self.changed.emit(self._value)

    def _on_changed(self) -> None:
        if not self._is_filling:
            self._value = self._read(self._value)
            self._show_needed()
            self.changed.emit(self._value)

    def _read(self, base: Values) -> Values:
        read = {name: widget.value for name, widget in self._shown.items()}
        return replace(base, **read)  # type: ignore[type-var]

    def _show_needed(self) -> None:
        for name, each in self._settings.items():
            self._shown[name].visible = all(
                getattr(self._value, other) == wanted
                for other, wanted in each.needs.items()
            )


class _FolderEdit(FileEdit):
    """A folder; its dialog opens too where the typed one is in nobody's home."""

    def _on_choose_clicked(self) -> None:
        try:
            Path(self.line_edit.value).expanduser()
        except RuntimeError:
            self.line_edit.value = ""
        super()._on_choose_clicked()


class _LabelAligner(QObject):
    """Gives all labels of a form the width of the widest in the font they are in.

    magicgui measures in the application's font, which napari's style is larger than.
    """

    WHEN = (QEvent.Type.Show, QEvent.Type.StyleChange, QEvent.Type.FontChange)

    def __init__(self, form: QWidget) -> None:
        super().__init__(form)
        self._form = form
        form.installEventFilter(self)

    def eventFilter(self, watched: Any, event: QEvent) -> bool:
        """Qt: the form is shown, or in another font."""
        if event.type() in self.WHEN:
            labels = self._form.findChildren(QLabel)
            for each in labels:
                each.setMinimumWidth(0)
            widest = max((each.sizeHint().width() for each in labels), default=0)
            for each in labels:
                each.setMinimumWidth(widest)
        return bool(super().eventFilter(watched, event))


def user_settings() -> QSettings:
    """Open the file in the user's configuration folder."""
    path = user_config_path("napari-sam-med", appauthor=False) / "docks.ini"
    return QSettings(str(path), QSettings.Format.IniFormat)


def form_of(
    kind: type[Values],
    *,
    memory: FormMemory | None = None,
    choices: Mapping[str, Choices] | None = None,
) -> SettingsForm[Values]:
    """Make a form of a dataclass.

    Parameters
    ----------
    kind : type
        A frozen dataclass whose shown fields are declared with `setting`; all have
        defaults.
    memory : FormMemory, optional
        Where its values come from at first and are kept at each change.
    choices : mapping of str to Choices, optional
        Choices by field name, for those that are not known where it is declared.

    Returns
    -------
    SettingsForm
        A magicgui container; ``native`` is its Qt widget.
    """
    recalled = None if memory is None else memory.recall(kind)
    form = SettingsForm(kind() if recalled is None else recalled, choices or {})
    if memory is not None:
        form.changed.connect(memory.keep)
    return form


def _fields_of(value: Any) -> tuple[Field[Any], ...]:
    return fields(value)


def _is_within(value: Any) -> bool:
    """Whether each number is in its range, as it stands in the declaration."""
    for each in _fields_of(value):
        declared, number = each.metadata.get(DECLARED), getattr(value, each.name)
        if declared is None or declared.choices or isinstance(number, bool):
            continue
        is_number = isinstance(number, int | float)
        if is_number and not declared.least <= number <= declared.most:
            return False
    return True


def _with_choices(each: Setting, kind: Any, given: Choices | None) -> Setting:
    if given is not None:
        return replace(each, choices=given)
    if each.choices is None and isinstance(kind, type) and issubclass(kind, Enum):
        members = {member: Choice(str(member.value)) for member in kind}
        return replace(each, choices=members)
    return each


def _widget_of(name: str, kind: Any, each: Setting) -> BaseValueWidget:
    """Make the widget of one field; its name lets tests and style sheets find it."""
    label = f"{each.label} ({each.unit})" if each.unit else each.label
    common: dict[str, Any] = {"name": name, "label": label, "tooltip": each.tip}
    widget: Any
    if each.choices is not None:
        widget = _combo_box(each.choices, common)
    elif kind is bool:
        widget = CheckBox(text=each.label, **{**common, "label": ""})
    elif kind in (int, float):
        make: Any = SpinBox if kind is int else FloatSpinBox
        limits = {"min": each.least, "max": each.most, "step": each.step}
        widget = make(value=each.least, **limits, **common)
    elif kind is str:
        widget = LineEdit(**common)
        widget.native.setPlaceholderText(each.empty)
    elif kind == Path | None:
        widget = _FolderEdit(
            mode=FileDialogMode.EXISTING_DIRECTORY, nullable=True, **common
        )
        widget.choose_btn.text = "Browse …"
        widget.line_edit.native.setPlaceholderText(each.empty)
    else:
        msg = f"a form has no widget for {name}: {kind}"
        raise TypeError(msg)
    widget.native.setObjectName(name)
    return cast("BaseValueWidget", widget)


def _combo_box(choices: Choices, common: Mapping[str, Any]) -> ComboBox:
    lines = [(choice.text, value) for value, choice in choices.items()]
    combo = ComboBox(choices=lines, **common)
    native: QComboBox = combo.native
    # left on it, the keyboard would pick lines by their first letter
    native.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    native.setSizeAdjustPolicy(
        QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
    )
    native.setMinimumContentsLength(COMBO_LETTERS)
    native.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
    for row, choice in enumerate(choices.values()):
        native.setItemData(row, choice.hint, Qt.ItemDataRole.ToolTipRole)
    return combo
