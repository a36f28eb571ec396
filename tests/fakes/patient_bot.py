"""A bot that waits as long as a busy machine may take."""

from pytestqt.qtbot import QtBot

PATIENCE_MS = 30_000
"""Only what never comes is waited for so long: a wait ends with its event, mostly in a
tenth of a second, but other programs may keep the processors for seconds."""


class PatientBot(QtBot):
    """Waits for ``PATIENCE_MS`` where a test says nothing else."""

    def waitUntil(self, callback, *, timeout=PATIENCE_MS):  # noqa: N802 - pytest-qt's
        super().waitUntil(callback, timeout=timeout)

    def waitSignal(self, signal, *, timeout=PATIENCE_MS, **more):  # noqa: N802
        return super().waitSignal(signal, timeout=timeout, **more)

    def waitExposed(self, widget, *, timeout=PATIENCE_MS):  # noqa: N802
        return super().waitExposed(widget, timeout=timeout)
