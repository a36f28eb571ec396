"""What the methods of a report refer to."""

from __future__ import annotations

from napari_sam_med.bench.protocol.volume_rules.volume_settings import VolumeProfile

STUDY = (
    "Mazurowski MA, Dong H, Gu H, Yang J, Konz N, Zhang Y. Segment anything model for "
    "medical image analysis: an experimental study. Medical Image Analysis 2023; "
    "89:102918. doi:10.1016/j.media.2023.102918"
)
CLICKING_GROUPS = (
    "Antonov A, Moskalenko A, Shepelev D, Krapukhin A, Soshin K, Konushin A, Shakhuro "
    "V. RClicks: realistic click simulation for benchmarking interactive segmentation. "
    "Advances in Neural Information Processing Systems 2024; arXiv:2410.11722"
)
OF_VOLUMES = {
    VolumeProfile.SAM2_MEDICAL: "Dong H, Gu H, Chen Y, Yang J, Chen Y, Mazurowski MA. "
    "Segment anything model 2: an application to 2D and 3D medical images. 2024; "
    "arXiv:2408.00756",
    VolumeProfile.CVPR25_3D: "CVPR 2025: Foundation Models for Interactive 3D "
    "Biomedical Image Segmentation. https://www.codabench.org/competitions/5263",
}
