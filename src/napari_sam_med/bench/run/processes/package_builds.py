"""Which build of the package a process has: other builds may give other answers."""

from __future__ import annotations

import hashlib
import json
import subprocess
from contextlib import suppress
from functools import cache
from importlib.metadata import PackageNotFoundError, distribution, version
from pathlib import Path

import napari_sam_med
from napari_sam_med.errors import RunError

PACKAGE = "napari-sam-med"
LIBRARIES = (PACKAGE, "numpy", "opencv-python-headless", "scipy", "torch")
HASHED = (".py", ".toml")
"""Code and cards. Weights have hashes of their own."""
SHOWN_DIGITS = 8
SECONDS_FOR_GIT = 10  # a look at two small files; not measured


def library_versions() -> dict[str, str]:
    """List the versions of this package and of what computes its numbers."""
    found = {}
    for library in LIBRARIES:
        with suppress(PackageNotFoundError):
            found[library] = version(library)
    return found


@cache
def package_hash() -> str:
    """SHA-256 in hexadecimal of the package's files that this process runs."""
    root = Path(napari_sam_med.__file__).parent
    digest = hashlib.sha256()
    for path in sorted(p for p in root.rglob("*") if p.suffix in HASHED):
        digest.update(path.relative_to(root).as_posix().encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def package_commit() -> str:
    """Tell the commit that the package was installed from; empty if nothing says it.

    Notes
    -----
    Of a package installed from a repository its record says it (PEP 610), of a checkout
    Git does; changes since are told by ``package_hash``.
    """
    with suppress(PackageNotFoundError, ValueError):
        record = json.loads(distribution(PACKAGE).read_text("direct_url.json") or "{}")
        commit = record.get("vcs_info", {}).get("commit_id")
        if commit:
            return str(commit)
    checkout = Path(napari_sam_med.__file__).parents[2]
    if not (checkout / ".git").exists():
        return ""
    with suppress(OSError, subprocess.SubprocessError):
        found = subprocess.run(
            ["git", "-C", str(checkout), "rev-parse", "HEAD"],
            capture_output=True,
            text=True,
            check=True,
            timeout=SECONDS_FOR_GIT,
        )
        return found.stdout.strip()
    return ""


def package_build() -> dict[str, str]:
    """Tell the build of this process: versions of libraries, hash of the package."""
    return {**library_versions(), f"{PACKAGE} files": package_hash()}


def check_build(wanted: dict[str, str], found: dict[str, str], who: str) -> None:
    """Refuse a process with another build.

    Parameters
    ----------
    wanted, found : dict
        As ``package_build`` gives them, here and there.
    who : str
        Name or address of the other process.

    Raises
    ------
    RunError
        If they differ; it says in what.
    """
    names = dict.fromkeys([*wanted, *found])
    other = [name for name in names if wanted.get(name) != found.get(name)]
    if other:
        said = "; ".join(
            f"{name} {_short(found.get(name))} where this process has "
            f"{_short(wanted.get(name))}"
            for name in other
        )
        msg = (
            f"{who} has another build than this process ({said}), and could compute "
            "other answers; install the same there"
        )
        raise RunError(msg)


def _short(value: str | None) -> str:
    if value is None:
        return "missing"
    digits = hashlib.sha256().digest_size * 2
    return value[:SHOWN_DIGITS] if len(value) == digits else value
