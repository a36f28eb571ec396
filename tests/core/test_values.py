import numpy as np
import pytest

from napari_sam_med.core.candidates import Candidates
from napari_sam_med.core.embedding import Embedding, check_image, rgb_from_image
from napari_sam_med.errors import ImageError


def _candidates(scores: list[float]) -> Candidates:
    k = len(scores)
    return Candidates(
        np.zeros((k, 4, 5), bool),
        np.array(scores, np.float32),
        np.zeros((k, 2, 2), np.float32),
    )


def test_the_best_candidate_is_the_first_with_the_highest_score() -> None:
    assert _candidates([0.2, 0.9, 0.9]).best_index == 1


def test_masks_scores_and_logits_must_count_the_same() -> None:
    with pytest.raises(ImageError, match="2 masks, 3 scores and 2 logits"):
        Candidates(
            np.zeros((2, 4, 4), bool),
            np.zeros(3, np.float32),
            np.zeros((2, 2, 2), np.float32),
        )


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((4, 4), np.float32),
        np.zeros((4, 4, 4), np.uint8),
        np.zeros((0, 4), np.uint8),
        np.zeros(4, np.uint8),
    ],
)
def test_images_that_no_model_takes_are_refused(image: np.ndarray) -> None:
    with pytest.raises(ImageError, match="give"):
        check_image(image)


def test_grey_becomes_three_equal_channels_and_colour_stays() -> None:
    grey = np.arange(6, dtype=np.uint8).reshape(2, 3)
    rgb = rgb_from_image(grey)
    assert (rgb == grey[:, :, None]).all()
    assert rgb_from_image(rgb) is rgb


def test_an_embedding_knows_the_size_of_its_image() -> None:
    assert Embedding("m", np.zeros((4, 5, 3), np.uint8), (), (4, 5)).shape_hw == (4, 5)
