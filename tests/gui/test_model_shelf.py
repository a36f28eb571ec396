from napari_sam_med.gui.model_shelf import shelf_of_package
from napari_sam_med.models import list_models


def test_every_known_model_is_offered_and_the_bundled_one_is_the_default():
    shelf = shelf_of_package()
    assert [o.key for o in shelf.options] == [m.card.name for m in list_models()]
    assert shelf.default in {o.key for o in shelf.options}


def test_a_model_without_weights_says_how_to_get_them():
    (option,) = (o for o in shelf_of_package().options if o.key == "sam_vit_b")
    assert option.text == "sam_vit_b   (weights not here)"
    assert "models download sam_vit_b" in option.tooltip


def test_a_model_that_needs_no_weights_can_be_loaded():
    assert shelf_of_package().load("ellipse", None).name == "ellipse"
