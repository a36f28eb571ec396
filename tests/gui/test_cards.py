import numpy as np
import pytest

from napari_sam_med.core.candidates import Candidates
from napari_sam_med.core.geometry import Geometry
from napari_sam_med.core.volumes import Volume
from napari_sam_med.core.windows import Window
from napari_sam_med.gui.prompting.cards import area_in_words, cards_of
from napari_sam_med.session.prompt_image import PromptImage


@pytest.mark.parametrize(
    ("pixels", "in_mm", "words"),
    [(10, True, "40 mm²"), (1000, True, "40.0 cm²"), (1000, False, "1,000 px")],
)
def test_areas_have_a_unit(pixels, in_mm, words):
    assert area_in_words(pixels, (5.0, 0.8), in_mm=in_mm) == words


def test_each_candidate_gets_a_card_with_its_own_colour():
    target = PromptImage(
        Volume(np.zeros((4, 10, 12)), Geometry((0.8, 0.8, 5.0))), Window(0, 1), "a"
    )
    masks = np.zeros((3, 10, 12), dtype=bool)
    masks[:, 2:6, 3:9] = True
    scores = np.array([0.5, 0.25, 1.0], dtype=np.float32)
    candidates = Candidates(masks, scores, np.zeros((3, 4, 4), dtype=np.float32))
    cards = cards_of(target, target.plane(0, 1), candidates, in_mm=True)
    assert [card.score for card in cards] == [0.5, 0.25, 1.0]
    assert {card.area for card in cards} == {"15 mm²"}
    assert len({card.colour for card in cards}) == 3
