"""Reading the log of a run, and the time that is left of it."""

import pytest

from napari_sam_med.errors import FileReadError
from napari_sam_med.training.logs import steps_in_log
from napari_sam_med.training.run_records import StepReport, seconds_left


def test_a_last_line_that_a_kill_cut_short_is_left_out(tmp_path):
    first = '{"step": 1, "loss": 0.5}'
    (tmp_path / "log.jsonl").write_text(first + '\n{"step": 2, "lo')
    assert list(steps_in_log(tmp_path / "log.jsonl")) == [(1, first)]


@pytest.mark.parametrize(
    "text",
    ["no json\n", "[1]\n", '{"loss": 1}\n', '{"step": 1.5}\n', '{"step": "x"}\n',
     '{"step": NaN}\n', "[" * 5000 + "\n", "\0\n"],
)  # fmt: skip
def test_a_strange_log_is_named(tmp_path, text):
    (tmp_path / "log.jsonl").write_text(text)
    with pytest.raises(FileReadError, match=r"log\.jsonl"):
        list(steps_in_log(tmp_path / "log.jsonl"))


def test_the_time_left_goes_by_steps_however_many_lie_between_reports():
    reports = [
        StepReport(step, 1000, {"seconds": seconds})
        for step, seconds in ((50, 30.0), (100, 40.0), (150, 50.0))
    ]
    assert seconds_left(reports) == 850 * 0.2
    assert seconds_left(reports[:1]) == 0
