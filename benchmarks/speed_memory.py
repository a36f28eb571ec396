"""Peak memory of one embedding, ours and the reference's, each in a process of its own.

``python benchmarks/speed_memory.py ours`` prints the process's peak in bytes.
"""

from __future__ import annotations

import resource
import subprocess
import sys
from typing import Any

SIDES = ("ours", "reference", "loaded")
KILOBYTE = 1 if sys.platform == "darwin" else 1024


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
        "units": f"{peaks['ours'] / 1e9:.2f} GB and {peaks['reference'] / 1e9:.2f} GB, "
        f"of which {peaks['loaded'] / 1e9:.2f} GB before any image",
    }


def _peak_of_process(side: str) -> int:
    command = [sys.executable, __file__, side]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return int(done.stdout)


def main() -> None:
    """Embed once by the side that is named, and print the peak."""
    from segment_anything import SamPredictor
    from speed_rows import picture, placeholder

    side, model, image = sys.argv[1], placeholder("vit_b"), picture()
    if side == "ours":
        model.embed(image)
    elif side == "reference":
        SamPredictor(model.sam).set_image(image[..., None].repeat(3, axis=2))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    sys.stdout.write(f"{peak * KILOBYTE}\n")


if __name__ == "__main__":
    main()
