"""Asking once before something is lost."""

from __future__ import annotations


class Consents:
    """Knows whether a person asks for the same thing a second time.

    Examples
    --------
    >>> consents = Consents()
    >>> consents.given("drop", 3), consents.given("drop", 3), consents.given("drop", 3)
    (False, True, False)
    """

    def __init__(self) -> None:
        self._asked: tuple[object, ...] = ()

    def given(self, *about: object) -> bool:
        """Whether exactly this was asked for last; if not, it is from now on.

        Parameters
        ----------
        *about : object
            What would be lost, and out of which state; told apart by equality.
        """
        if self._asked == about:
            self._asked = ()
            return True
        self._asked = about
        return False
