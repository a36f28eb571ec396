"""Values and arithmetic that every other room shares: numpy and scipy only.

``measures`` has what is measured of masks and intensities, ``storage`` documents as
they are stored, ``signals`` what Ctrl-C does.

All slice coordinates are (row, column), pixel centres at integers; a box is
``(row0, col0, row1, col1)`` with inclusive pixels; volumes are (z, y, x).
"""
