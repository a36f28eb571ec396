"""The study's published procedure in one plain piece, as an oracle for tests.

Written from the rules alone, with ``segment_anything.SamPredictor`` and without any of
the package's code: x before y, loops instead of functions, as a script would have it.
"""

import cv2
import numpy as np
from segment_anything import SamPredictor
from skimage.measure import label


def masks_of_classes(mask, n_classes):
    if mask.max() == 255:
        mask = np.uint8(mask / 255)
    if n_classes == 1:
        return mask, [(mask > 0)]
    return mask, [(mask == k + 1) for k in range(n_classes)]


def centre_xy(region, random):
    padded = np.pad(region.astype(np.uint8), ((1, 1), (1, 1)), "constant")
    distance = cv2.distanceTransform(padded, distanceType=cv2.DIST_L2, maskSize=5)
    distance = distance[1:-1, 1:-1]
    ys, xs = np.where(distance == distance.max())
    k = random.randint(0, len(ys))
    return [xs[k], ys[k]]


def largest_parts(mask):
    regions = label(mask, connectivity=2)
    ratios = [
        (np.count_nonzero(regions == r) / regions.size, r)
        for r in range(1, regions.max() + 1)
    ]
    ratios.sort()
    ratios.reverse()
    return [regions == r for _, r in ratios[:3]]


def box_xyxy(mask):
    ys, xs = np.where(mask)
    return np.array([xs.min(), ys.min(), xs.max(), ys.max()])


def overlap(a, b):
    return np.sum(a & b) / np.sum(a | b)


def oracle_of(masks, truth):
    best, kept = 0, None
    for slot in range(3):
        kept_iou = overlap(masks[slot], truth)
        if kept_iou > best:
            best, kept = kept_iou, slot
    return 2 if kept is None else kept


def set_image(predictor, image):
    rgb = image if image.ndim == 3 else np.stack([image] * 3, axis=-1)
    predictor.set_image(np.uint8(rgb / rgb.max() * 255))


def ask(predictor, points=None, labels=None, box=None):
    return predictor.predict(
        point_coords=None if points is None else np.array(points),
        point_labels=None if labels is None else np.array(labels),
        box=box,
        multimask_output=True,
    )[0]


def five_modes(sam, slices, n_classes):
    """{(slice name, class, mode, 'first' or 'oracle'): IoU}."""
    random = np.random.RandomState(1)
    predictor = SamPredictor(sam)
    found = {}
    for name, image, mask_file in slices:
        set_image(predictor, image)
        _, masks = masks_of_classes(mask_file, n_classes)
        for number, truth in enumerate(masks, start=1):
            if not truth.any():
                continue
            parts = largest_parts(truth)
            answers = {"mode1": ask(predictor, [centre_xy(parts[0], random)], [1])}
            points = [centre_xy(part, random) for part in parts]
            answers["mode2"] = ask(predictor, points, [1] * len(points))
            answers["mode3"] = ask(predictor, box=box_xyxy(parts[0]))
            joined = np.zeros((3, *truth.shape), dtype=bool)
            for part in parts:
                joined = joined | ask(predictor, box=box_xyxy(part))
            answers["mode4"] = joined
            answers["mode5"] = ask(predictor, box=box_xyxy(truth))
            for mode, three in answers.items():
                found[name, number, mode, "first"] = overlap(three[0], truth)
                slot = oracle_of(three, truth)
                found[name, number, mode, "oracle"] = overlap(three[slot], truth)
    return found


def clicks(sam, slices, n_classes, *, n_clicks, oracle):
    """{(slice name, class, step): IoU}."""
    random = np.random.RandomState(1)
    predictor = SamPredictor(sam)
    found = {}
    for name, image, mask_file in slices:
        set_image(predictor, image)
        of_all, masks = masks_of_classes(mask_file, n_classes)
        for number, truth in enumerate(masks, start=1):
            if not truth.any():
                continue
            points, labels = [centre_xy(truth, random)], [1]
            for step in range(1, n_clicks + 1):
                three = ask(predictor, points, labels)
                slot = oracle_of(three, truth) if oracle else 0
                found[name, number, step] = overlap(three[slot], truth)
                if step < n_clicks:
                    x, y = centre_xy(truth ^ three[slot], random)
                    points.append([x, y])
                    labels.append(1 if of_all[y, x] else 0)
    return found
