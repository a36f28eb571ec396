"""Code that runs as a user whom permissions bind, though tests may run as root."""

from __future__ import annotations

import ctypes
import os
import sys
import threading

import pytest

CAPABILITIES = 0x20080522
"""Version 3 of Linux' capget and capset: two words for each set (capability.h)."""
OVER_PERMISSIONS = 0b1110
"""CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH and CAP_FOWNER: bits 1 to 3."""


def without_powers(action):
    """Run ``action`` in a thread that may do no more than permissions say.

    Linux gives powers to threads, so the rest of the process keeps root's.
    """
    if os.name != "posix" or (os.geteuid() == 0 and sys.platform != "linux"):
        pytest.skip("permissions bind nobody here")
    done, failed = [], []

    def run():
        try:
            if os.geteuid() == 0:
                _drop()
            done.append(action())
        except BaseException as error:  # noqa: BLE001 - raised again below
            failed.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if failed:
        raise failed[0]
    return done[0]


def _drop():
    libc = ctypes.CDLL(None, use_errno=True)
    head = (ctypes.c_uint32 * 2)(CAPABILITIES, 0)
    sets = (ctypes.c_uint32 * 6)()  # effective, permitted, inheritable; then the rest
    for call in (libc.capget, libc.capset):
        if call(head, sets):
            pytest.skip("root's powers cannot be given up here")
        for place in (0, 1):
            sets[place] &= ~OVER_PERMISSIONS
