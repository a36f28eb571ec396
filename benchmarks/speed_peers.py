"""How fast micro-sam is on the same slice, asked in turn with ours.

``make bench PEERS=1`` makes an environment of its own for it in ``out/peers`` and runs
this file there as ``speed_peers.py CHECKPOINT IMAGE``: each line that it is told,
``embed`` or ``click``, is done once and answered by a line with the seconds that it
took, elapsed and of the processor. Both sides have the same placeholder weights.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

PEER_PYTHON = Path("out") / "peers" / "bin" / "python"
POINT_RC = (100, 120)
CLICKS_PER_ROUND = 10


def peer_rows(rounds: int) -> list[dict[str, Any]]:
    """Embed a slice and answer a click, ours and micro-sam in turn; ViT-B, float32."""
    from speed_rows import picture, placeholder

    from napari_sam_med.core.prompts import Prompts

    model, image = placeholder("vit_b"), picture()
    embedding, prompts = model.embed(image), Prompts([POINT_RC], [1])
    with tempfile.TemporaryDirectory() as made, _peer(Path(made), model, image) as peer:
        ask, about = peer
        return [
            _row("embed", rounds, ask, lambda: model.embed(image), about),
            _row(
                "click",
                rounds * CLICKS_PER_ROUND,
                ask,
                lambda: model.predict(embedding, prompts),
                about,
            ),
        ]


@contextmanager
def _peer(
    folder: Path, model: Any, image: NDArray[np.uint8]
) -> Iterator[tuple[Callable[[str], list[float]], str]]:
    """Start micro-sam beside this process; give a way to ask it, and what it is."""
    import torch

    checkpoint, picture = folder / "vit_b.pth", folder / "image.npy"
    torch.save(model.sam.state_dict(), checkpoint)
    np.save(picture, image)
    command = [str(PEER_PYTHON), __file__, str(checkpoint), str(picture)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        into, out = child.stdin, child.stdout
        if into is None or out is None:
            message = "micro-sam's process has no pipes"
            raise RuntimeError(message)
        about = json.loads(out.readline())

        def ask(word: str) -> list[float]:
            into.write(f"{word}\n")
            into.flush()
            return list(json.loads(out.readline()))

        yield ask, about
        into.close()


def _row(
    word: str,
    rounds: int,
    ask: Callable[[str], list[float]],
    ours: Callable[[], object],
    about: str,
) -> dict[str, Any]:
    """Time both in turn, after one round to warm up."""
    pairs = [(ask(word), _timed(ours)) for _ in range(rounds + 1)][1:]
    wall, cpu = ([(theirs[k], mine[k]) for theirs, mine in pairs] for k in (0, 1))
    reference, mine = (statistics.median(each) for each in zip(*wall, strict=True))
    return {
        "row": f"peer-{word}",
        "what": f"{word}, ViT-B, float32",
        "against": about,
        "target": "",
        "ratio": statistics.median(theirs / ours for theirs, ours in wall),
        "ratio_cpu": statistics.median(theirs / ours for theirs, ours in cpu),
        "seconds_ours": mine,
        "seconds_reference": reference,
        "rounds": rounds,
    }


def _timed(action: Callable[[], object]) -> tuple[float, float]:
    start, used = time.perf_counter(), time.process_time()
    action()
    return time.perf_counter() - start, time.process_time() - used


def main() -> None:
    """Be micro-sam: say what is running, then do what each line names."""
    import micro_sam
    from micro_sam.prompt_based_segmentation import segment_from_points
    from micro_sam.util import get_sam_model, precompute_image_embeddings

    checkpoint, picture = sys.argv[1:]
    image = np.load(picture)
    predictor = get_sam_model("vit_b", device="cpu", checkpoint_path=checkpoint)

    def embed() -> Any:
        return precompute_image_embeddings(predictor, image, verbose=False)

    known = embed()

    def click() -> Any:
        point, label = np.array([POINT_RC]), np.array([1])
        return segment_from_points(predictor, point, label, known)

    _say(f"micro-sam {micro_sam.__version__}")
    for line in sys.stdin:
        _say(_timed({"embed": embed, "click": click}[line.strip()]))


def _say(answer: object) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
