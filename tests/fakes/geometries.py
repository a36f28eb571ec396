"""Places of volumes, compared as files store them: rounded."""

import numpy as np


def lie_alike(first, second, tolerance=1e-3):
    """Whether two volumes lie in the same place, to ``tolerance`` mm and parts."""
    pairs = (
        (first.spacing_xyz, second.spacing_xyz),
        (first.origin_xyz, second.origin_xyz),
        (first.direction, second.direction),
    )
    return all(np.allclose(a, b, rtol=0, atol=tolerance) for a, b in pairs)
