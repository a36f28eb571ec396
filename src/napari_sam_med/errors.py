"""What can go wrong, as one family of exceptions.

Every message is one sentence that says what came, what is accepted and what to do, so
that the command line and the docks can show it as it is.
"""

from __future__ import annotations


class SamMedError(Exception):
    """Base of all errors that this package raises on purpose."""


class PromptError(SamMedError, ValueError):
    """A prompt that no model can take: empty, outside the slice, wrongly shaped."""


class ImageError(SamMedError, ValueError):
    """An image or label array of a shape, type or content that is not accepted."""


class GeometryError(SamMedError, ValueError):
    """Spacing, origin or direction that are missing, singular or do not match."""


class FileReadError(SamMedError, OSError):
    """A file that is absent, unreadable or of an unknown format."""


class FileWriteError(SamMedError, OSError):
    """A file or folder that cannot be written, or that exists and must not be lost."""


class FileExistsAlreadyError(FileWriteError):
    """A file that is there already, and may be replaced if that is asked for."""


class ModelError(SamMedError, ValueError):
    """An unknown model, or one asked for something that it cannot do."""


class CheckpointError(SamMedError, OSError):
    """A checkpoint that is absent, damaged, or another model's."""


class DownloadCancelledError(CheckpointError):
    """A download that its user stopped; what had come is kept."""


class DatasetError(SamMedError, ValueError):
    """Images and labels that do not belong together or hold no case."""


class NoObjectError(DatasetError):
    """Labels hold nothing but background: nothing is wrong, and nothing to measure."""


class RunError(SamMedError, ValueError):
    """A benchmark run that cannot start, resume or be reported as asked."""
