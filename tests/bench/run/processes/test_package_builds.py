"""Processes with other code are told from those with the same."""

import pytest

from napari_sam_med.bench.run.processes.package_builds import check_build, package_build
from napari_sam_med.errors import RunError


def test_the_same_build_passes_and_names_the_hash_of_its_files():
    build = package_build()
    check_build(build, dict(build), "the worker")
    assert len(build["napari-sam-med files"]) == 64


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("napari-sam-med files", "0" * 64, "napari-sam-med files 00000000 where"),
        ("numpy", "1.0", "numpy 1.0 where"),
        ("torch", None, "torch missing where"),
    ],
)
def test_another_build_is_refused_and_the_difference_named(name, value, said):
    other = {**package_build(), name: value}
    if value is None:
        del other[name]
    with pytest.raises(RunError, match=f"the worker has another build .*{said}"):
        check_build(package_build(), other, "the worker")
