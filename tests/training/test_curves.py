import json

import cv2
import pytest

from napari_sam_med.errors import FileReadError
from napari_sam_med.training.curves import plot_log
from napari_sam_med.training.logs import read_log


def entry(step, **more):
    parts = dict.fromkeys(("first", "corrected"), 1 / step)
    return {"step": step, "iou": 0.5, "iou_corrected": 0.6, **parts, **more}


def test_a_log_becomes_a_figure(tmp_path):
    names = ("box", "point", "point_oracle", "clicks_5")
    entries = [entry(step) for step in range(1, 90)]
    entries[40] |= {f"val_{name}": 0.4 for name in names}
    log = tmp_path / "log.jsonl"
    log.write_text("".join(json.dumps(each) + "\n" for each in entries))
    plot_log(log, tmp_path / "curve.png")
    picture = cv2.imread(str(tmp_path / "curve.png"))
    assert picture.std() > 5


def test_a_last_line_that_a_kill_cut_short_is_left_out(tmp_path):
    (tmp_path / "log.jsonl").write_text('{"step": 1, "loss": 0.5}\n{"step": 2, "lo')
    assert read_log(tmp_path / "log.jsonl") == [{"step": 1, "loss": 0.5}]


@pytest.mark.parametrize(
    "text",
    ["", "no json\n", "[1]\n", '{"loss": 1}\n', '{"step": 1.5}\n', '{"step": "x"}\n',
     '{"step": NaN}\n', "[" * 5000 + "\n", "\0\n"],
)  # fmt: skip
def test_an_empty_or_strange_log_is_named(tmp_path, text):
    (tmp_path / "log.jsonl").write_text(text)
    with pytest.raises(FileReadError, match=r"log\.jsonl"):
        read_log(tmp_path / "log.jsonl")
