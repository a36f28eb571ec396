"""What a predictor does round a network, shown with networks that do very little."""

from __future__ import annotations

import pytest
import torch

from napari_sam_med.models.click.click_maps import disk_maps
from napari_sam_med.models.click.click_network import ClickNetwork, without_weights
from napari_sam_med.models.click.click_predictor import ClickAnswer, ClickPredictor
from napari_sam_med.models.click.click_values import ClickCrop, ClickPoint, ZoomIn
from napari_sam_med.models.click.ritm.ritm_network import Ritm
from napari_sam_med.models.click.simpleclick.cascade import CascadePredictor

CLICK = ClickPoint(10, 12, positive=True)
IMAGE = torch.rand(1, 3, 40, 60, generator=torch.Generator().manual_seed(3))


class Disks(ClickNetwork):
    """Answers +9 on positive clicks, plus the previous probability; remembers sizes."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def forward(self, image, points):
        self.seen.append(tuple(image.shape))
        disks = disk_maps(points, radius=5, shape_hw=tuple(image.shape[-2:]))
        return 18 * disks[:, :1] - 9 + image[:, 3:]


class Columns(ClickNetwork):
    """Answers the column's number, so that it is not symmetric."""

    def forward(self, image, points):
        return torch.arange(float(image.shape[-1])).expand(len(image), 1, 40, -1)


class Halving(ClickNetwork):
    """Forgets the lower half of what was found before, down to nothing."""

    def forward(self, image, points):
        before = image[:, 3:]
        rows = torch.nonzero(before[0, 0].amax(1) > 0.5)
        kept = len(rows) // 2 if len(rows) else image.shape[-2]
        logits = torch.full_like(before, -9)
        logits[:, :, :kept] = 9
        return logits


def test_mirror_logits_are_averaged_before_the_sigmoid():
    answer = ClickPredictor(Columns(), zoom=None).predict(IMAGE, [CLICK])

    torch.testing.assert_close(
        answer.probability, torch.full((1, 1, 40, 60), 29.5).sigmoid()
    )


def test_clicks_of_the_mirror_image_are_mirrored():
    alone = ClickPredictor(Disks(), zoom=None, mirror=False).predict(IMAGE, [CLICK])
    both = ClickPredictor(Disks(), zoom=None, mirror=True).predict(IMAGE, [CLICK])

    torch.testing.assert_close(alone.probability, both.probability)


def test_without_an_answer_to_feed_back_the_mask_channel_is_empty():
    predictor = ClickPredictor(Disks(), zoom=None, mirror=False)

    alone = predictor.predict(IMAGE, [CLICK])
    fed = predictor.predict(IMAGE, [CLICK], ClickAnswer(torch.ones(1, 1, 40, 60)))

    difference = fed.probability.logit() - alone.probability.logit()
    assert difference[0, 0, 30, 30] == pytest.approx(1, abs=0.01)


def test_the_second_click_zooms_in_and_keeps_the_object_in_place():
    network = Disks()
    predictor = ClickPredictor(network, ZoomIn(target=80, min_crop=20), mirror=False)

    first = predictor.predict(IMAGE, [CLICK])
    second = predictor.predict(IMAGE, [CLICK, CLICK], first)

    assert [shape[-2:] for shape in network.seen] == [(40, 60), (80, 80)]
    assert second.crop == ClickCrop(0, 20, 2, 22)
    assert second.probability[0, 0, 10, 12] > 0.9
    assert second.probability[0, 0, 25:].sum() == 0


def test_a_cascade_stops_at_the_most_passes():
    image = torch.zeros(1, 3, 64, 40)
    once = ClickPredictor(Halving(), zoom=None, mirror=False)

    answer = CascadePredictor(once, passes=3).predict(image, [CLICK])

    assert (answer.probability > 0.5).sum() == 16 * 40


def test_a_cascade_stops_once_few_pixels_change():
    network = Disks()
    once = ClickPredictor(network, zoom=None, mirror=False)

    CascadePredictor(once).predict(IMAGE, [CLICK])

    assert len(network.seen) == 2


def test_a_cascade_leaves_many_clicks_alone():
    network = Disks()
    once = ClickPredictor(network, zoom=None, mirror=False)

    CascadePredictor(once).predict(IMAGE, [CLICK, CLICK])

    assert len(network.seen) == 1


def test_any_picture_size_goes_through_ritm():
    torch.manual_seed(0)
    predictor = ClickPredictor(Ritm(2, 4).eval(), zoom=None)
    with torch.no_grad():
        answer = predictor.predict(IMAGE[..., :37, :51], [CLICK])

    assert answer.probability.shape == (1, 1, 37, 51)
    assert answer.probability.isfinite().all()


def test_a_network_without_weights_takes_them_all_from_a_state_dict():
    filled = torch.nn.Linear(3, 2)
    empty = without_weights(lambda: torch.nn.Linear(3, 2))

    empty.load_state_dict(filled.state_dict())

    assert not empty.training
    assert torch.equal(empty(torch.ones(3)), filled(torch.ones(3)))
