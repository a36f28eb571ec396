"""Damaged files of all formats: an image or one sentence, nothing else."""

import os

import pytest

from fakes.mutation_runs import read_all
from fakes.mutations import make_mutations

FILES = 150
"""As many as are read in some seconds; ``run_mutations.py`` reads thousands."""


@pytest.mark.slow
def test_damaged_files_end_in_an_image_or_one_sentence(tmp_path):
    outcomes = read_all(make_mutations(tmp_path / "files", FILES))
    bad = [each for each in outcomes if each.result not in ("image", "refused")]
    assert len(outcomes) == FILES
    assert not bad


def test_the_same_seed_makes_the_same_files(tmp_path):
    first = make_mutations(tmp_path / "a", 60, seed=3)
    second = make_mutations(tmp_path / "b", 60, seed=3)
    assert [how for _, how in first] == [how for _, how in second]
    assert all(
        one.read_bytes() == other.read_bytes()
        for (one, _), (other, _) in zip(first, second, strict=True)
        if one.is_file() and not os.path.islink(one)  # noqa: PTH114
    )
