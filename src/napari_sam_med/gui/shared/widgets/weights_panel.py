"""What to do about a model whose weights are not here: fetch them, or bring them."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import Any

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from napari_sam_med.gui.shared.widgets.activity import Activity
from napari_sam_med.gui.shared.widgets.plain_labels import plain_tip

STYLE = """
WeightsPanel { border: 1px solid #95711f; border-radius: 6px; }
QLabel { background: transparent; }
"""
MAIN_STYLE = "font-weight: bold; padding: 4px 8px;"
PROGRESS_STEPS = 1000


@dataclass(frozen=True, slots=True)
class MissingWeights:
    """A model's weights that are not on this machine.

    Parameters
    ----------
    name, title : str
        The model's, for code and for people.
    size : str
        How large the file is, in words.
    licence : str
        Of the weights.
    prompts : str
        Kinds of prompt that the model was trained on.
    window : str
        Intensities that it expects, in words.
    note : str
        What else a user should know; may be empty.
    page : str
        Address where people can read about them.
    address : str
        Where the file would be fetched; empty if it can only be had by hand.
    manual : str
        How to get it by hand; empty if it can be fetched.
    """

    name: str
    title: str
    size: str
    licence: str
    prompts: str = ""
    window: str = ""
    note: str = ""
    page: str = ""
    address: str = ""
    manual: str = ""


class WeightsPanel(QFrame):
    """Three pages: what would be fetched; its licence; how far it is."""

    download_requested = Signal(str)
    """The licence was shown and agreed to."""
    import_requested = Signal(str)
    cancel_requested = Signal()

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self._missing: MissingWeights | None = None
        self.activity = Activity("Getting weights", self)
        self.offer = _text()
        self.licence = _text()
        self.fetching = _text()
        self.download = _button("Download …", "Shows the licence first")
        self.bring = _button("Import file …", "Take a copy from another machine")
        self.agree = _button("Agree and download", "")
        self.back = _button("Back", "Fetch nothing")
        self.cancel = _button("Cancel", "What came is kept for the next time")
        for main in (self.download, self.agree):
            main.setStyleSheet(MAIN_STYLE)
        self.bar = QProgressBar()
        self._pages = (
            _page((self.offer,), (self.download, self.bring)),
            _page((self.licence,), (self.agree, self.back)),
            _page((self.fetching, self.bar), (self.cancel,)),
        )
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 6, 8, 6)
        for page in self._pages:
            layout.addWidget(page)
        self.setStyleSheet(STYLE)
        self.setVisible(False)
        self._connect()

    def set_missing(self, missing: MissingWeights | None) -> None:
        """Offer to get a model's weights; with None there is nothing to offer."""
        self._missing = missing
        self.activity.end()
        self.setVisible(missing is not None)
        if missing is None:
            return
        self.offer.setText(offer_text(missing))
        self.offer.setToolTip(plain_tip(missing.address))
        self.licence.setText(licence_text(missing))
        self.download.setVisible(bool(missing.address))
        self._turn_to(0)

    def set_progress(
        self, title: str, done: int, total: int, seconds_left: float | None
    ) -> None:
        """Show how many bytes have come; a ``total`` of 0 is one that nobody knows."""
        steps = PROGRESS_STEPS if total else 0
        self.activity.show(steps * done // max(total, 1), steps)
        self.setVisible(True)
        self._turn_to(2)
        self.fetching.setText(f"<b>{escape(title)}</b>")
        self.bar.setRange(0, steps)
        self.bar.setValue(steps * done // max(total, 1))
        self.bar.setFormat(progress_text(done, total, seconds_left))

    def _turn_to(self, number: int) -> None:
        for index, page in enumerate(self._pages):
            page.setVisible(index == number)

    def _connect(self) -> None:
        self.download.clicked.connect(lambda: self._turn_to(1))
        self.back.clicked.connect(lambda: self._turn_to(0))
        self.agree.clicked.connect(lambda: self._tell(self.download_requested))
        self.bring.clicked.connect(lambda: self._tell(self.import_requested))
        self.cancel.clicked.connect(self.cancel_requested)

    def _tell(self, signal: Any) -> None:
        if self._missing is not None:
            signal.emit(self._missing.name)


def offer_text(missing: MissingWeights) -> str:
    """Say what would be fetched, from where, how large, and how to bring it by hand.

    Parameters
    ----------
    missing : MissingWeights
        What is not here.

    Returns
    -------
    str
        Rich text.
    """
    lines = [f"<b>The weights of {escape(missing.title)} are not on this machine.</b>"]
    if missing.address:
        lines.append(f"File: {_link(missing.address)}, {escape(missing.size)}")
    lines.append(f"Licence: {escape(missing.licence)}")
    if not missing.address:
        how = _with_links(missing.manual)
        lines.append(
            f"They cannot be downloaded by program ({escape(missing.size)}): {how}, "
            "then press Import file."
        )
    else:
        lines.append(
            "Without network: fetch the file on another machine, bring it here and "
            "press Import file."
        )
    return "<br>".join(lines)


def licence_text(missing: MissingWeights) -> str:
    """Say what is agreed to.

    Parameters
    ----------
    missing : MissingWeights
        What is not here.

    Returns
    -------
    str
        Rich text.
    """
    lines = [
        f"<b>{escape(missing.title)} is under this licence: "
        f"{escape(missing.licence)}.</b>"
    ]
    lines += [f"Trained on {escape(missing.prompts)}"] if missing.prompts else []
    lines += [f"Expects {escape(missing.window)}"] if missing.window else []
    lines += [escape(missing.note)] if missing.note else []
    if missing.page:
        lines.append(f"Its authors' page: {_link(missing.page)}")
    lines.append(
        f"{escape(missing.size)} will be fetched. Nothing is fetched before you agree."
    )
    return "<br>".join(lines)


def progress_text(done: int, total: int, seconds_left: float | None) -> str:
    """One line for the progress bar.

    Examples
    --------
    >>> progress_text(12_000_000, 40_000_000, 75.4)
    '12 of 40 MB, 1 min 15 s left'
    >>> progress_text(12_000_000, 0, None)
    '12 MB'
    """
    if not total:
        return f"{done / 1e6:.0f} MB" if done else ""
    text = f"{done / 1e6:.0f} of {total / 1e6:.0f} MB"
    if seconds_left is None:
        return text
    minutes, seconds = divmod(round(seconds_left), 60)
    clock = f"{minutes} min {seconds:02d} s" if minutes else f"{seconds} s"
    return f"{text}, {clock} left"


def _link(address: str) -> str:
    """Show host and file of an address, which in full would not fit a dock."""
    bare = address.rsplit("://", maxsplit=1)[-1].rstrip("/")
    host, _, path = bare.partition("/")
    file = path.rpartition("/")[2]
    shown = f"{host} … {file}" if "/" in path else bare
    return f'<a href="{escape(address)}" style="color: #6cb8f0">{escape(shown)}</a>'


def _with_links(text: str) -> str:
    words = text.split()
    return " ".join(
        _link(word) if word.startswith("https://") else escape(word) for word in words
    )


def _text() -> QLabel:
    label = QLabel()
    label.setWordWrap(True)
    # a long word, such as a file's name, is cut rather than the dock made wider
    label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
    label.setTextFormat(Qt.TextFormat.RichText)
    label.setOpenExternalLinks(True)
    return label


def _button(text: str, hint: str) -> QPushButton:
    button = QPushButton(text)
    button.setToolTip(hint)
    button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    return button


def _page(parts: tuple[QWidget, ...], buttons: tuple[QPushButton, ...]) -> QWidget:
    page = QWidget()
    layout = QVBoxLayout(page)
    layout.setContentsMargins(0, 0, 0, 0)
    for part in parts:
        layout.addWidget(part)
    row = QHBoxLayout()
    for button in buttons:
        row.addWidget(button, 1)
    layout.addLayout(row)
    return page
