"""Files in and out: the only room that knows nibabel, pydicom, Pillow and SimpleITK.

``detect`` says what a file is; ``nifti``, ``metaimage`` and ``nrrd`` check its header,
``stored`` reads the voxels of these three, ``pictures`` PNG, JPEG, TIFF and BMP, and
``dicom`` images, series and segmentations; ``volumes`` is the public way in. ``export``
writes. Headers are read here and not by a library in C, so that none can end the
process; no reader holds the voxels twice. Arrays are (z, y, x), geometry is LPS
millimetres as SimpleITK gives it.
"""
