"""Peak memory of one embedding, ours and the reference's, each in a process of its own.

``python benchmarks/speed_memory.py ours`` prints the peak of the process in bytes while
it embeds, weights and libraries included; Linux only, which can count a peak anew.
"""

from __future__ import annotations

import gc
import subprocess
import sys
from pathlib import Path
from typing import Any

from napari_sam_med.bench.run.processes.peak_memory import peak_memory_bytes

SIDES = ("ours", "reference")
CLEAR = Path("/proc/self/clear_refs")
FORGET_PEAK = "5"
"""What Linux takes for: from now on, count the peak anew."""


def peak_ratio() -> dict[str, Any]:
    """Run both, and say how much of the reference's memory ours takes."""
    peaks = {side: _peak_of_process(side) for side in SIDES}
    return {
        "row": "memory",
        "what": "peak memory of embed, ViT-B, float32",
        "against": "set_image",
        "target": "<= .6 x",
        "ratio": peaks["ours"] / peaks["reference"],
        **{f"bytes_{side}": peak for side, peak in peaks.items()},
        "units": f"{peaks['ours'] / 1e9:.2f} GB and {peaks['reference'] / 1e9:.2f} GB",
    }


def _peak_of_process(side: str) -> int:
    command = [sys.executable, __file__, side]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return int(done.stdout)


def main() -> None:
    """Embed once by the side that is named, and print the peak while it does."""
    from segment_anything import SamPredictor
    from speed_rows import picture, placeholder

    side, model, image = sys.argv[1], placeholder("vit_b"), picture()
    gc.collect()
    CLEAR.write_text(FORGET_PEAK)
    if side == "ours":
        model.embed(image)
    else:
        SamPredictor(model.sam).set_image(image[..., None].repeat(3, axis=2))
    sys.stdout.write(f"{peak_memory_bytes()}\n")


if __name__ == "__main__":
    main()
