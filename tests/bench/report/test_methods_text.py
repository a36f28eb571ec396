"""The methods tell of what was run, and of nothing else."""

import pytest

from fakes.stored_pages import (
    made_row,
    made_run,
    page_of,
    quoted,
    volume_page_of,
    volume_run,
)

SAID = {
    "a point in the largest part": "mode1",
    "one box round the whole object": "mode5",
    "segmented by up to 3 clicks, the first": "clicks",
    "near the exact ones were": "box_shift",
    "ten clicking groups": "clicking_group_01",
}


@pytest.mark.parametrize(
    "asked",
    [
        ("mode5",), ("mode1", "mode5"), ("clicks",), ("mode1", "clicks"),
        ("box_shift",), ("clicking_group_01",), ("clicks", "clicking_group_01"),
        ("everything",), ("recorded_clicks",),
    ],
)  # fmt: skip
def test_the_methods_tell_only_of_prompts_that_were_asked(tmp_path, asked):
    rows = [
        made_row("a", "p0", 0.5, setting=setting, step=step)
        for setting in asked
        for step in ((1, 2, 3) if "click" in setting else (1,))
    ]
    settings = {"profile": "strict", "groups": ["modes"], "tolerance_mm": 2.0,
                "draws": 2, "jitter": 0.1}  # fmt: skip
    text = quoted(
        page_of(tmp_path, made_run(tmp_path / "run", rows, settings=settings))
    )
    for words, setting in SAID.items():
        assert (words in text) == (setting in asked), words
    asks = sum(name in asked for name in ("clicks", "clicking_group_01", "box_shift"))
    first = not any(name.startswith("mode") for name in asked)
    assert text.count("was also") == max(0, asks - first)
    assert "five modes" not in text
    assert ("missed and surplus" in text) == ("clicks" in asked)


@pytest.mark.parametrize(
    ("profile", "asked", "said"),
    [
        ("sam2-medical", ("box_middle_both",), "on one slice by a box, after"),
        ("sam2-medical", ("mask_three_both", "point_first_both"),
         "on one slice or up to three slices by a point or the true mask, after"),
        ("cvpr25-3d", ("box",), "by a box on the middle slice, as in"),
    ],
)  # fmt: skip
def test_the_methods_of_volumes_tell_only_of_what_was_asked(
    tmp_path, profile, asked, said
):
    rows = [made_row("a", "p0", 0.5, profile=profile, setting=one) for one in asked]
    text = quoted(volume_page_of(tmp_path, volume_run(tmp_path / "run", rows)))
    assert said in text


CITED = {
    "sam2-medical": ("Dong et al. (2024)", "Segment anything model 2: an application"),
    "cvpr25-3d": ("the CVPR 2025 challenge", "codabench.org/competitions/5263"),
}


@pytest.mark.parametrize("profile", CITED)
def test_what_the_methods_of_volumes_refer_to_is_cited(tmp_path, profile):
    setting = "box" if profile == "cvpr25-3d" else "box_middle_both"
    row = made_row("a", "p0", 0.5, profile=profile, setting=setting)
    text = quoted(volume_page_of(tmp_path, volume_run(tmp_path / "run", [row])))
    for name, (said, cited) in CITED.items():
        methods, cites = text.split("To cite: ")
        assert (said in methods) == (name == profile)
        assert (cited in cites) == (name == profile)
    assert "an experimental study" not in text
    assert "that below" not in text


@pytest.mark.parametrize("setting", ["clicking_group_01", "clicks"])
def test_clicking_groups_are_cited_where_they_were_asked(tmp_path, setting):
    row = made_row("a", "p0", 0.5, setting=setting)
    text = quoted(page_of(tmp_path, made_run(tmp_path / "run", [row])))
    methods, cites = text.split("To cite: ")
    asked = setting != "clicks"
    assert ("Antonov et al. 2024" in methods) == asked
    assert ("RClicks: realistic click simulation" in cites) == asked
