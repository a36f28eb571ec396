"""What a session file holds beside accepted prompts: the whole state of the work."""

from __future__ import annotations

import base64
import hashlib
import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from pydantic import Field

from napari_sam_med.core.prompts import MOST_STORED_POINTS
from napari_sam_med.core.storage.documents import STRICT
from napari_sam_med.core.storage.plain_text import printable
from napari_sam_med.errors import FileReadError
from napari_sam_med.session.kinds.placed_strokes import MOST_VERTICES, PlacedStroke
from napari_sam_med.session.kinds.start_masks import StartMask
from napari_sam_med.session.labelling.write_rules import WriteRules

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from napari_sam_med.core.volumes import Volume

FAST = 1
"""zlib's level: a segmentation of 512 x 512 x 100 voxels takes 0.2 s and shrinks a
hundredfold; higher levels take seconds for a tenth of that less."""
MOST_VOXELS = 1 << 33
KINDS = {"uint8", "uint16", "uint32", "int8", "int16", "int32", "int64", "uint64"}

_Axis = Annotated[int, Field(ge=0, le=2)]
_Count = Annotated[int, Field(ge=0)]
_Label = Annotated[int, Field(ge=1)]
_Byte = Annotated[int, Field(ge=0, le=255)]
_Point = tuple[float, float, float]
_Box = tuple[float, float, float, float]
_Vertex = tuple[float, float]


@dataclass(frozen=True, slots=True)
class ImageIdentity:
    """Which image a session is of, wherever its file lies now.

    Parameters
    ----------
    name : str
        Of the image.
    files : list of str
        Where it was opened from; empty if that is not known.
    shape_zyx : (3,) int
        Its voxels.
    spacing_zyx : (3,) float
        Millimetres between them.
    digest : str
        Of its voxels.
    time : int or None
        Time point, of an image that has several.
    """

    __pydantic_config__ = STRICT

    name: str
    files: list[str]
    shape_zyx: tuple[_Count, _Count, _Count]
    spacing_zyx: tuple[float, float, float]
    digest: str
    time: _Count | None = None

    @classmethod
    def of(
        cls, volume: Volume, files: Sequence[str] = (), time: int | None = None
    ) -> ImageIdentity:
        """Look at all voxels of an image; takes 0.1 s for 100 MB."""
        digest = hashlib.blake2b(digest_size=16)
        for plane in volume.array:
            digest.update(np.ascontiguousarray(plane).tobytes())
        z, y, x = volume.shape_zyx
        row, col, across = (float(each) for each in volume.geometry.spacing_zyx)
        return cls(
            printable(volume.name),
            [printable(each) for each in files],
            (z, y, x),
            (row, col, across),
            digest.hexdigest(),
            time,
        )

    def is_same(self, other: ImageIdentity) -> bool:
        """Whether both have the same voxels, whatever their names."""
        own, its = ((each.shape_zyx, each.digest, each.time) for each in (self, other))
        return own == its


@dataclass(frozen=True, slots=True)
class SavedLabels:
    """A label array, compressed."""

    __pydantic_config__ = STRICT

    name: str
    shape_zyx: tuple[_Count, _Count, _Count]
    dtype: str
    data: str

    @classmethod
    def of(cls, name: str, array: npt.NDArray[np.integer]) -> SavedLabels:
        """Pack a (Z, Y, X) array, of which no more than a slice is copied at once."""
        z, y, x = array.shape
        pack = zlib.compressobj(FAST)
        packed = [*(pack.compress(plane.tobytes()) for plane in array), pack.flush()]
        text = base64.b64encode(b"".join(packed)).decode("ascii")
        return cls(printable(name), (z, y, x), str(array.dtype), text)

    def array(self) -> npt.NDArray[np.integer]:
        """Unpack it.

        Raises
        ------
        FileReadError
            If the data are damaged or not of this shape and type.
        """
        size = int(np.prod(self.shape_zyx, dtype=np.int64))
        if self.dtype not in KINDS or size > MOST_VOXELS:
            msg = f"labels of type {self.dtype} with {size:,} voxels cannot be used"
            raise FileReadError(msg)
        wanted = size * np.dtype(self.dtype).itemsize
        try:
            unpack = zlib.decompressobj()
            data = unpack.decompress(base64.b64decode(self.data), wanted + 1)
        except (ValueError, zlib.error) as error:
            msg = f"the labels of the session are damaged ({error})"
            raise FileReadError(msg) from error
        if len(data) != wanted:
            msg = f"the session's labels have {len(data)} bytes instead of {wanted}"
            raise FileReadError(msg)
        return np.frombuffer(data, dtype=self.dtype).reshape(self.shape_zyx).copy()


@dataclass(frozen=True, slots=True)
class SavedLayer:
    """Which Labels layer a mask was written into, and what that was called then."""

    __pydantic_config__ = STRICT

    key: str
    name: str


@dataclass(frozen=True, slots=True)
class SavedMask:
    """A mask of one slice that prompts start from, compressed."""

    __pydantic_config__ = STRICT

    shape_hw: tuple[_Count, _Count]
    data: str

    @classmethod
    def of(cls, start: StartMask) -> SavedMask:
        """Put it into the values of a file."""
        return cls(start.shape_hw, start.text())

    def start(self) -> StartMask:
        """Give the mask back.

        Raises
        ------
        PromptError
            If the data are damaged.
        """
        return StartMask.from_text(self.shape_hw, self.data)


@dataclass(frozen=True, slots=True)
class SavedRules:
    """How an accepted mask was written, as ``WriteRules`` says it."""

    __pydantic_config__ = STRICT

    keep_others: bool
    locked: tuple[int, ...]
    adds: bool

    @classmethod
    def of(cls, rules: WriteRules) -> SavedRules:
        """Put them into the values of a file."""
        return cls(rules.keep_others, tuple(sorted(rules.locked)), rules.adds)

    def rules(self) -> WriteRules:
        """Give them back."""
        return WriteRules(self.keep_others, frozenset(self.locked), self.adds)


@dataclass(frozen=True, slots=True)
class SavedStart:
    """The mask that the prompts of a slice start from."""

    __pydantic_config__ = STRICT

    axis: _Axis
    index: _Count
    mask: SavedMask


@dataclass(frozen=True, slots=True)
class SavedStroke:
    """A scribble or a lasso that was not accepted yet."""

    __pydantic_config__ = STRICT

    axis: _Axis
    index: _Count
    path_rc: Annotated[list[_Vertex], Field(min_length=1, max_length=MOST_VERTICES)]
    points_rc: Annotated[list[_Vertex], Field(max_length=MOST_STORED_POINTS)]
    label: Annotated[int, Field(ge=0, le=1)]
    is_closed: bool
    after: _Count

    @classmethod
    def of(cls, stroke: PlacedStroke) -> SavedStroke:
        """Put it into the values of a file."""
        return cls(
            stroke.axis,
            stroke.index,
            list(stroke.path_rc),
            list(stroke.points_rc),
            stroke.label,
            stroke.is_closed,
            stroke.after,
        )

    def stroke(self) -> PlacedStroke:
        """Give the line back."""
        return PlacedStroke(
            self.axis,
            self.index,
            tuple(self.path_rc),
            tuple(self.points_rc),
            self.label,
            self.is_closed,
            self.after,
        )


@dataclass(frozen=True, slots=True)
class SavedObject:
    """What a person said of an object; other programs give negative labels too."""

    __pydantic_config__ = STRICT

    label: int
    name: str
    colour: tuple[_Byte, _Byte, _Byte] | None
    is_locked: bool


@dataclass(frozen=True, slots=True)
class SavedSource:
    """How the mask of an object on a slice came about."""

    __pydantic_config__ = STRICT

    label: int
    axis: _Axis
    index: _Count
    score: float
    origin: str


@dataclass(frozen=True, slots=True)
class SavedWork:
    """A Labels layer, and what is known of its objects; fields as ``SavedSession``."""

    __pydantic_config__ = STRICT

    layer: SavedLayer
    labels: SavedLabels | None
    objects: list[SavedObject]
    sources: list[SavedSource]


@dataclass(frozen=True, slots=True)
class SavedBox:
    """A box that was not accepted yet."""

    __pydantic_config__ = STRICT

    axis: _Axis
    index: _Count
    box_rc: _Box


@dataclass(frozen=True, slots=True)
class SavedChoice:
    """A candidate that a person picked."""

    __pydantic_config__ = STRICT

    axis: _Axis
    index: _Count
    prompts: dict[str, Any]
    model: str
    slot: _Count


@dataclass(frozen=True, slots=True)
class SavedSession:
    """The work on one image as it stands.

    Parameters
    ----------
    image : ImageIdentity
        Which image.
    window : (low, high) or None
        Intensities shown as black and white; None for colour.
    model, sha256 : str
        Who answers; empty if none was loaded.
    started, saved : str
        When the work began and when this was written, ISO 8601 in UTC.
    axis, index : int
        The slice that was shown.
    label : int
        The object that was worked on.
    points_zyx, point_labels : lists
        Points not accepted yet.
    boxes : list of SavedBox
        Boxes not accepted yet.
    choices : list of SavedChoice
        Candidates that were picked.
    objects : list of SavedObject
        Names, colours and locks.
    sources : list of SavedSource
        Where masks come from, propagated ones too.
    labels : SavedLabels or None
        The label array; None if none was made yet.
    strokes : list of SavedStroke
        Lines not accepted yet; files before version 4 have none.
    joins : bool
        Whether boxes of one slice are parts of one object.
    starts : list of SavedStart
        Masks that prompts not accepted yet start from.
    layer : str
        Key of the Labels layer of the label array; empty in files before version 7.
    beside : list of SavedWork
        Other Labels layers with work on the image; files before version 8 have none.
    """

    __pydantic_config__ = STRICT

    image: ImageIdentity
    window: tuple[float, float] | None
    model: str
    sha256: str
    started: str
    saved: str
    axis: _Axis
    index: _Count
    label: _Label
    points_zyx: list[_Point]
    point_labels: list[Annotated[int, Field(ge=0, le=1)]]
    boxes: list[SavedBox]
    choices: list[SavedChoice]
    objects: list[SavedObject]
    sources: list[SavedSource]
    labels: SavedLabels | None = None
    strokes: list[SavedStroke] = field(default_factory=list)
    joins: bool = False
    starts: list[SavedStart] = field(default_factory=list)
    layer: str = ""
    beside: list[SavedWork] = field(default_factory=list)

    @property
    def layers(self) -> tuple[SavedWork, ...]:
        """All Labels layers with work; the first one is written to."""
        name = "" if self.labels is None else self.labels.name
        own = SavedLayer(self.layer, name)
        return SavedWork(own, self.labels, self.objects, self.sources), *self.beside

    @property
    def n_prompts(self) -> int:
        """How many points, boxes and lines are not accepted yet."""
        return len(self.points_zyx) + len(self.boxes) + len(self.strokes)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing in it that could be lost."""
        masks = self.labels is not None or self.objects or self.sources
        return not masks and not self.beside and not self.n_prompts
