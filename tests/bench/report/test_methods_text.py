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


STRICT = {"profile": "strict", "groups": ["clicks"], "tolerance_mm": 2.0, "clicks": 2}
NANO = {"sha256": "ab", "family": "nano", "prompts": ["points", "boxes", "masks"]}
BOXES = {"sha256": "ab", "family": "medsam", "prompts": ["boxes"]}


def clicked(model="nano", **more):
    return [
        made_row(model, patient, 0.5, setting="clicks", step=step, **more)
        for patient in ("p0", "p1")
        for step in (1, 2)
    ]


def methods(folder, rows, **more):
    known = {"settings": STRICT, "models": {"nano": NANO}, **more}
    return quoted(page_of(folder.parent, made_run(folder, rows, **known)))


def test_the_methods_say_the_windows_that_the_rows_hold(tmp_path):
    ct = {"window_low": -160.0, "window_high": 240.0}
    rule = "the rule of then"
    one = methods(tmp_path / "one", clicked(**ct), window_rule=rule)
    assert f"image ({rule}): -160 (black) to 240 (white)." in one
    rows = [
        made_row("nano", f"q{number}", 0.5, window_low=-5.0, window_high=10.0 * number)
        for number in range(1, 6)
    ]
    two = methods(tmp_path / "two", [*rows[:2], *clicked(**ct)])
    assert (
        "window for each image: -160 (black) to 240 (white) in 2 images, -5 (black) to "
        "10 (white) in 1 image, -5 (black) to 20 (white) in 1 image."
    ) in two
    many = methods(tmp_path / "many", rows)
    assert "black at -5 and white at 10 to 50, in each image's own unit." in many


def test_the_methods_claim_no_window_that_a_run_did_not_record(tmp_path):
    said = methods(tmp_path / "old", clicked())
    assert "The intensity window that the models saw was not recorded." in said
    pairs = {"p0": {"window": [-100, 300]}, "p1": {"window": None}}
    dock = methods(tmp_path / "dock", clicked(), data={"pairs": pairs})
    assert "-100 (black) to 300 (white) in 1 image; of 1 image it was not rec" in dock


@pytest.mark.parametrize("profile", ["as-released", "as-written"])
def test_the_methods_say_that_published_profiles_divide_by_the_maximum(
    tmp_path, profile
):
    settings = {**STRICT, "profile": profile}
    said = methods(tmp_path / "run", clicked(profile=profile), settings=settings)
    assert "intensities of each slice were divided by its maximum." in said
    assert "window" not in said
    assert "No earlier mask was given back to the models with a click." in said


@pytest.mark.parametrize(
    ("fed", "said"),
    [
        (True, "mask that it corrects were given back to nano alone."),
        (False, "No earlier mask was given back to the models with a click."),
        (None, "Whether masks were given back to the models with clicks was not rec"),
    ],
)
def test_the_methods_say_whether_masks_went_back_with_clicks(tmp_path, fed, said):
    settings = {**STRICT} if fed is None else {**STRICT, "feed_back": fed}
    models = {"nano": NANO, "points": {**BOXES, "prompts": ["points"]}}
    rows = [*clicked(), *clicked("points")]
    assert said in methods(tmp_path / "run", rows, settings=settings, models=models)


def test_the_methods_say_which_run_gave_masks_back(tmp_path):
    folders = [
        made_run(tmp_path / name, clicked(), models={"nano": NANO},
                 settings={**STRICT, "feed_back": name == "with"})
        for name in ("with", "without")
    ]  # fmt: skip
    said = quoted(page_of(tmp_path, *folders))
    assert "(in with). No earlier mask was given back" in said
    assert "with a click (in without)." in said


def test_the_methods_say_nothing_of_clicks_where_there_is_one(tmp_path):
    said = methods(tmp_path / "run", [made_row("nano", "p0", 0.5)])
    assert "back to" not in said


@pytest.mark.parametrize(
    ("zoom", "said"),
    [
        ("auto", "nano (zoom auto) looked at crops: at a wide and a close one round a "
         "box or round the mask that a click corrects, else first at the whole slice "
         "and then, where the object proved small, at crops"),
        ("on", "nano (zoom on) looked at crops: at a wide and a close one"),
        ("off", "nano (zoom off) looked once, at the whole slice."),
        (None, "Whether nano looked at crops was not recorded."),
    ],
)  # fmt: skip
def test_the_methods_say_how_a_model_with_crop_refinement_looked(tmp_path, zoom, said):
    rows = [*clicked(zoom=zoom), made_row("box", "p0", 0.5)]
    text = methods(
        tmp_path / "run", rows, models={"nano": {**NANO, "zoom": "on"}, "box": BOXES}
    )
    assert said in text
    is_wrapped = zoom in ("on", "auto")
    assert ("mirror image" in text) == is_wrapped
    limits = "Masks of nano end at the box where one was given, unless a click on"
    assert (limits in text) == is_wrapped
    assert "box (zoom" not in text


def test_the_methods_say_that_a_grid_looks_at_the_whole_slice_alone(tmp_path):
    grid = made_row("nano", "p0", 0.5, setting="everything", step=32)
    text = methods(tmp_path / "run", [*clicked(zoom="auto"), grid])
    assert "For the grid of points each looked at the whole slice alone." in text
    assert "zoom off" not in text


def test_the_methods_of_volumes_say_window_and_crops(tmp_path):
    seen = {"window_low": -160.0, "window_high": 240.0, "zoom": "auto"}
    rows = [
        *clicked(profile="cvpr25-3d", **seen),
        made_row("copy", "p0", 0.5, setting="box", profile="cvpr25-3d"),
    ]
    run = volume_run(tmp_path / "run", rows, models={"nano": NANO, "copy": {}})
    text = quoted(volume_page_of(tmp_path, run))
    assert "image: -160 (black) to 240 (white)." in text
    assert "nano (zoom auto) looked at crops" in text
    assert "No earlier mask was given back to the models with a click." in text


def chain(clicks, model="nano", **more):
    return [
        made_row(model, "p0", 0.5, setting="clicks", step=step, zoom="auto", **more)
        for step in range(1, clicks + 1)
    ]


@pytest.mark.parametrize(
    ("clicks", "fed", "crop", "late"),
    [(1, True, 0, 0), (3, True, 1, 0), (4, True, 1, 1), (9, False, 0, 0)],
)
def test_the_methods_say_what_corrections_changed_where_there_were_any(
    tmp_path, clicks, fed, crop, late
):
    settings = {**STRICT, "feed_back": fed}
    text = methods(tmp_path / "run", chain(clicks), settings=settings)
    assert "nano (zoom auto) looked at crops" in text
    assert text.count("a detail that a click changed was looked at once more") == crop
    assert text.count("round the mask that a click corrects") == crop
    assert text.count("From click 4 on, nano changed the earlier mask only in") == late


def test_models_that_were_given_no_mask_were_not_corrected_in_crops(tmp_path):
    models = {"nano": NANO, "points": {**NANO, "family": "sam", "prompts": ["points"]}}
    rows = [*chain(9), *chain(9, "points")]
    settings = {**STRICT, "feed_back": True}
    text = methods(tmp_path / "run", rows, settings=settings, models=models)
    assert "From click 4 on, nano changed" in text
    assert (
        "points (zoom auto) looked at crops: at a wide and a close one round a" in text
    )
    assert text.count("a detail that a click changed") == 1


@pytest.mark.parametrize(
    ("joined", "said"),
    [
        ({}, "given back to nano."),
        ({"joined_objects": 0}, "given back to nano."),
        ({"joined_objects": 2}, "given back to nano; of 2 objects the masks of several "
         "prompts were joined, and while they were, none was given back."),
    ],
)  # fmt: skip
def test_the_methods_say_of_which_objects_no_mask_went_back(tmp_path, joined, said):
    settings = {**STRICT, "feed_back": True}
    text = methods(tmp_path / "run", clicked(), settings=settings, **joined)
    assert said in text
