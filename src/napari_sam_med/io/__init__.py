"""Files in and out: the only room that knows nibabel, pydicom, Pillow and SimpleITK.

``detect`` says what a file is; ``volume_formats`` checks headers of NIfTI, NRRD and
MetaImage, ``stored_voxels`` reads the voxels of these three, ``picture_formats`` PNG,
JPEG, TIFF and BMP, and ``dicom`` images, series and segmentations; ``volume_files`` is
the public way in, ``writing`` the way out. Headers are read here and not by a library
in C, so that none can end the process; no reader holds the voxels twice. Arrays are
(z, y, x), geometry is LPS millimetres as SimpleITK gives it.
"""
