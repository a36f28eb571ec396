"""The benchmark: labelled volumes in, one row for each prediction out, then a report.

The way of a run: ``datasets`` yields labelled volumes, ``cases`` cuts them into slices
and objects, ``protocols`` holds the rules of a profile, ``runs`` prompts one object and
scores the answers (a pure function), ``engine`` goes through all of them, ``store``
keeps the rows, ``statistics`` and ``report`` sum them up.
"""
