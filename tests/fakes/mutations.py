"""Files damaged in every way that came to mind, the same ones for the same seed."""

import os
import re
import shutil
import struct

import numpy as np

from fakes.mutation_seeds import gzipped, write_seeds

SUFFIXES = (
    ".nii",
    ".nii.gz",
    ".mha",
    ".nrrd",
    ".png",
    ".tif",
    ".jpg",
    ".dcm",
    "",
    ".x",
)
EXTREME = (
    b"-3", b"99", b"nan", b"inf", b"0", b"-0.5", b"1e308", b"9" * 20, b"", b"1 1",
    b"NONE", b"LIST", b"%d", b"../../etc/passwd", b"/dev/zero",
)  # fmt: skip
NUMBERS = [struct.pack(f"<{code}", value) for code, value in (
    ("h", 0), ("h", -1), ("h", 32767), ("i", -1), ("i", 2**31 - 1), ("i", 65536),
    ("f", float("nan")), ("f", float("inf")), ("f", -1.0), ("f", 0.0), ("f", 1e38),
    ("q", 2**62), ("q", -1), ("I", 2**32 - 1), ("h", 2), ("h", 99),
)]  # fmt: skip
HEADER = 700
"""Bytes that most changes are made in: all headers of the seeds end before."""


def make_mutations(folder, n, seed=0):
    """Write ``n`` damaged files and what is no file; return (path, what was done)."""
    rng = np.random.default_rng(seed)
    seeds = write_seeds(folder / "seeds")
    made = _special(folder / "special", seeds)[:n]
    for number in range(n - len(made)):
        origin = seeds[number % len(seeds)]
        place = folder / f"{number:05d}"
        place.mkdir()
        made.append(_mutated(origin, place, rng))
    return made


def _mutated(origin, place, rng):
    """Damage one file; of a series and of a pair one of the files, with the others."""
    if origin.is_dir():
        target = place / "series"
        shutil.copytree(origin, target)
        files = sorted(target.iterdir())
        victim = files[int(rng.integers(len(files)))]
        data, how = damaged(victim.read_bytes(), rng)
        victim.write_bytes(data)
        return target, f"series, {victim.name}: {how}"
    for partner in origin.parent.glob(f"{origin.stem}.*"):
        if partner.suffix in (".img", ".raw", ".gz"):
            shutil.copy(partner, place / partner.name)
    data, how = damaged(origin.read_bytes(), rng)
    name = origin.name
    if rng.random() < 0.08:
        name = f"{origin.stem}{SUFFIXES[int(rng.integers(len(SUFFIXES)))]}"
    path = place / name
    if path.exists():
        path.unlink()
    path.write_bytes(data)
    return path, f"{origin.name} as {name}: {how}"


def damaged(data, rng):
    """Damage bytes in one of ten ways; what was done is said in a few words."""
    ways = (_flipped, _flipped, _cut, _overwritten, _overwritten, _reworded, _reworded,
            _inserted, _extended, _packed)  # fmt: skip
    way = ways[int(rng.integers(len(ways)))]
    return way(data, rng), way.__name__.strip("_")


def _place(data, rng):
    end = len(data) if rng.random() < 0.2 else min(len(data), HEADER)
    return int(rng.integers(max(1, end)))


def _flipped(data, rng):
    changed = bytearray(data)
    for _ in range(int(rng.integers(1, 9))):
        changed[_place(data, rng)] ^= 1 << int(rng.integers(8))
    return bytes(changed)


def _cut(data, rng):
    return data[: int(rng.integers(len(data)))]


def _overwritten(data, rng):
    number = NUMBERS[int(rng.integers(len(NUMBERS)))]
    at = _place(data, rng) // 2 * 2
    if rng.random() < 0.3:
        number = number[::-1]
    return data[:at] + number + data[at + len(number) :]


def _reworded(data, rng):
    """Put something extreme in the place of a number or word of a text header."""
    words = list(re.finditer(rb"[-\w.]+", data[:HEADER]))
    if not words:
        return _overwritten(data, rng)
    word = words[int(rng.integers(len(words)))]
    extreme = EXTREME[int(rng.integers(len(EXTREME)))]
    if rng.random() < 0.3:
        return data[: word.start()] + data[word.end() :]
    return data[: word.start()] + extreme + data[word.end() :]


def _inserted(data, rng):
    at = _place(data, rng)
    if rng.random() < 0.5:
        return data[:at] + data[at + int(rng.integers(1, 64)) :]
    return data[:at] + rng.bytes(int(rng.integers(1, 64))) + data[at:]


def _extended(data, rng):
    extra = int(rng.choice([1, 100, 5000, 4_000_000]))
    return data + (bytes(extra) if rng.random() < 0.5 else rng.bytes(extra))


def _packed(data, rng):
    return gzipped(data) if rng.random() < 0.5 else gzipped(data)[:-9]


def _special(folder, seeds):
    """What only looks like a file, and sound files under wrong names."""
    folder.mkdir()
    made = []

    def add(name, what):
        path = folder / name
        made.append((path, what))
        return path

    os.mkfifo(add("pipe.nii.gz", "a pipe"))
    os.mkfifo(add("pipe.dcm", "a pipe"))
    add("zero.nii", "a link to a device").symlink_to("/dev/zero")
    add("gone.mha", "a broken link").symlink_to(folder / "nothing")
    add("round.nrrd", "a link to itself").symlink_to(folder / "round.nrrd")
    add("folder.nii", "a folder").mkdir()
    add("empty.png", "empty").write_bytes(b"")
    add("absent.nii", "absent")
    series = add("with pipe", "a series with a pipe in it")
    shutil.copytree(next(s for s in seeds if s.is_dir()), series)
    os.mkfifo(series / "pipe.dcm")
    raw = os.fsdecode(b"caf\xe9.nii")
    shutil.copy(next(s for s in seeds if s.name == "plain.nii"), add(raw, "no UTF-8"))
    claim = bytearray(next(s for s in seeds if s.name == "plain.nii").read_bytes())
    claim[42:48] = struct.pack("<3h", 1000, 1000, 1000)
    add("claims.nii", "claims 2 GB").write_bytes(claim)
    add("claims.nii.gz", "claims 2 GB").write_bytes(gzipped(bytes(claim)))
    ndims = (
        b"ObjectType = Image\nNDims = %d\nDimSize = 1 1 1\nElementType = MET_UCHAR\n"
    )
    for n in (99, -3, 0, 10**9):
        text = ndims % n + b"ElementDataFile = LOCAL\n" + bytes(6000)
        add(f"ndims{n}.mha", "wrong NDims").write_bytes(text)
    add("eps.png", "EPS").write_bytes(
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n"
    )
    for i, origin in enumerate(s for s in seeds if s.is_file()):
        suffix = SUFFIXES[i % len(SUFFIXES)]
        shutil.copy(origin, add(f"swapped{i}{suffix}", f"{origin.name} as {suffix}"))
    return made
