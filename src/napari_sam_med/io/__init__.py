"""Files in and out: the only room that knows SimpleITK, pydicom and Pillow.

``volumes`` reads images and label images, ``dicom`` chooses and checks a series,
``pictures`` reads PNG, JPEG, TIFF and BMP, ``export`` writes volumes and ``series``
writes DICOM. Arrays are (z, y, x), geometry is LPS millimetres as SimpleITK gives it.
"""
