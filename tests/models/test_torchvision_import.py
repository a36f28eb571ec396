import subprocess
import sys

LOADED = """
import sys
from napari_sam_med.models import load_model
load_model("nano")
print("torch._dynamo" in sys.modules)
asked = sys.modules["torchvision.ops.roi_align"].is_compile_supported
from torch._dynamo.utils import is_compile_supported
print(asked is not is_compile_supported, asked("cpu") == is_compile_supported("cpu"))
"""
ASKS_FOR_MORE = """
import sys
sys.path.insert(0, sys.argv[1])
from napari_sam_med.models.torchvision_import import import_torchvision
import_torchvision()
import torch._dynamo.utils, torchvision
print(torchvision.counters is torch._dynamo.utils.counters)
"""


def said(script, *arguments):
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments],
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.split()


def test_a_model_loads_without_torchs_compiler_which_is_there_when_asked():
    assert said(LOADED) == ["False", "True", "True"]


def test_a_torchvision_that_needs_more_of_the_compiler_gets_it(tmp_path):
    package = tmp_path / "torchvision"
    package.mkdir()
    (package / "__init__.py").write_text("from torch._dynamo.utils import counters")
    assert said(ASKS_FOR_MORE, str(tmp_path)) == ["True"]
