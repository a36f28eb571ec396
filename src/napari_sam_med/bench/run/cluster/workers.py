"""Who is to compute a run's slices."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from napari_sam_med.bench.protocol.profile_rules import rules_of
from napari_sam_med.core.storage.plain_text import shown
from napari_sam_med.errors import RunError

if TYPE_CHECKING:
    from napari_sam_med.bench.protocol.run_settings import RunSettings

PROTOCOLS = ("tcp", "tls", "ws", "wss", "ucx", "ucxx")
MOST_WORKERS = 512
"""More than any one machine has cores for; each is a process with a model."""


@dataclass(frozen=True, slots=True)
class Workers:
    """Processes of this machine, or a Dask cluster that runs already.

    Parameters
    ----------
    count : int
        Processes to start here, each with one thread and a model of its own; 0 with a
        scheduler.
    scheduler : str
        Address of a Dask scheduler, such as ``tcp://10.0.0.5:8786``; its workers need
        this package and the models' weights.

    Raises
    ------
    RunError
        If neither or both are given, or the address cannot be one.

    Examples
    --------
    >>> Workers(2)
    Workers(count=2, scheduler='')
    """

    count: int = 0
    scheduler: str = ""

    def __post_init__(self) -> None:
        if self.count > MOST_WORKERS:
            msg = f"{self.count} workers; give at most {MOST_WORKERS}"
            raise RunError(msg)
        if self.scheduler and not _is_address(self.scheduler):
            msg = (
                f"the scheduler {shown(self.scheduler)} is no address; give "
                "tcp://HOST:PORT as the scheduler prints it"
            )
            raise RunError(msg)
        if (self.count > 0) == bool(self.scheduler) or self.count < 0:
            msg = (
                f"{self.count} workers with the scheduler {self.scheduler!r}; give a "
                "number from 1, or the address of a scheduler alone"
            )
            raise RunError(msg)

    def check_installed(self) -> None:
        """Refuse where Dask is not installed.

        Raises
        ------
        RunError
            If the package ``distributed`` is not here.
        """
        if find_spec("distributed") is None:
            msg = (
                "workers and schedulers need the package distributed, which is not "
                "installed; run pip install 'napari-sam-med[cluster]', or leave them "
                "out to compute in this process"
            )
            raise RunError(msg)

    def check(self, settings: RunSettings) -> None:
        """Refuse where Dask is not installed, or cases cannot be computed apart.

        Parameters
        ----------
        settings : RunSettings
            The run's.

        Raises
        ------
        RunError
            If the package ``distributed`` is not here, or if all cases draw from one
            stream, one after the other.
        """
        self.check_installed()
        if rules_of(settings.profile).sequential:
            msg = (
                f"profile {settings.profile} draws from one random stream "
                "through all cases, which workers cannot share; take the profile "
                "strict, or leave the workers out"
            )
            raise RunError(msg)


def _is_address(text: str) -> bool:
    """Whether a text names a host and a port, over one of Dask's protocols."""
    try:
        parts = urlsplit(text)
        return parts.scheme in PROTOCOLS and bool(parts.hostname) and bool(parts.port)
    except ValueError:  # a port beyond 65535, or brackets left open
        return False
