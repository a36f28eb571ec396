"""Getting a model's weights in the dock: a real server, real files, real clicks."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
import torch
from qtpy.QtWidgets import QFileDialog

from fakes.file_server import Behaviour, serving
from fakes.golden_weights import golden_state_dict, read_manifest, read_overrides
from fakes.prompts_desk import LOAD_MS, PromptsDesk
from napari_sam_med.gui.shared.model_shelf import PackageShelf
from napari_sam_med.models.registry import card_of
from napari_sam_med.models.weights.checkpoints import CheckpointStore
from napari_sam_med.models.weights.stand_ins import stand_in_state

GOLDEN = Path(__file__).parents[1] / "models" / "golden" / "clickers"
NAME = "ritm_h18"  # its card states neither size nor hash, so any file may be served
ANSWER_MS = 120_000


@pytest.fixture
def store(monkeypatch, tmp_path):
    monkeypatch.setenv("NAPARI_SAM_MED_CACHE", str(tmp_path))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    return CheckpointStore()


@pytest.fixture
def desk(make_napari_viewer, qtbot, store):
    desk = PromptsDesk(make_napari_viewer(), qtbot, PackageShelf())
    yield desk
    desk.view.controller.close()
    assert desk.services.wait_for_end(20)


@pytest.fixture
def serve(monkeypatch):
    """Serve bytes in place of the official addresses."""
    servers = []

    def start(body: bytes, **how) -> Behaviour:
        behaviour = Behaviour(body, **how)
        server = serving(behaviour)
        monkeypatch.setenv("NAPARI_SAM_MED_MIRROR", server.__enter__())
        servers.append(server)
        return behaviour

    yield start
    for server in servers:
        server.__exit__(None, None, None)


def file_of(content) -> bytes:
    file = io.BytesIO()
    torch.save(content, file)
    return file.getvalue()


def official_ritm() -> bytes:
    """Stand-in weights in the layout that the authors' code writes."""
    folder = GOLDEN / "ritm_hrnet18"
    entries = read_manifest(folder / "manifest.json")
    overrides = read_overrides(folder / "overrides.npz")
    config = {"class": "isegm.model.is_model.ISModel", "params": {}}
    state = golden_state_dict(entries, overrides)
    return file_of({"state_dict": state, "config": config})


def agree(desk) -> None:
    desk.press(desk.view.weights.download)
    desk.press(desk.view.weights.agree)


def test_what_would_be_fetched_is_told_and_nothing_is_fetched_before_agreeing(
    desk, serve
):
    behaviour = serve(b"")
    panel = desk.view.weights
    assert not desk.shows(panel)
    desk.choose_model("sam_vit_b")
    assert desk.shows(panel)
    told = panel.offer.text()
    for part in ("SAM ViT-B", "sam_vit_b_01ec64.pth", "375 MB", "Apache-2.0"):
        assert part in told
    assert "127.0.0.1" in told  # the mirror is where it would come from
    assert "Import file" in told
    desk.press(panel.download)
    assert "Apache-2.0" in panel.licence.text()
    for part in ("points, boxes, masks", "8-bit RGB", "Nothing is fetched before you"):
        assert part in panel.licence.text()
    desk.press(panel.back)
    assert desk.shows(panel.offer)
    assert behaviour.paths == []
    desk.choose_model("nano")
    assert not desk.shows(panel)


def test_weights_that_can_only_be_had_by_hand_offer_no_download(desk):
    desk.choose_model("focalclick_b0_s1")
    panel = desk.view.weights
    assert not desk.shows(panel.download)
    assert desk.shows(panel.bring)
    assert "drive.google.com" in panel.offer.text()


def test_a_click_without_weights_says_what_is_missing(desk):
    desk.choose_model(NAME)
    desk.click()
    assert desk.told == "RITM HRNet18 needs its weights first: download or import them"
    assert desk.session.candidates is None
    desk.choose_model("nano")
    desk.qtbot.waitUntil(lambda: desk.session.is_fresh, timeout=LOAD_MS)


@pytest.mark.slow
def test_download_by_mouse_then_a_click_gives_a_candidate_with_its_map(
    desk, serve, store
):
    behaviour = serve(official_ritm())
    desk.choose_model(NAME)
    agree(desk)
    desk.wait_for_model(NAME, timeout=LOAD_MS)
    assert behaviour.paths == ["/coco_lvis_h18_itermask.pth"]
    assert store.find(card_of(NAME)).read_bytes() == behaviour.body
    assert store.verify(card_of(NAME)) == desk.session.model.sha256
    assert not desk.shows(desk.view.weights)
    assert desk.view.source.models.currentText() == f"{NAME}   (ready)"
    desk.go_to(0, 3)
    desk.click()
    desk.wait_for_candidates(timeout=ANSWER_MS)
    assert len(desk.session.candidates) == 1
    assert desk.shows(desk.view.candidates.cards[0])
    assert not desk.shows(desk.view.candidates.cards[1])
    assert desk.shows(desk.view.candidates.map)


def test_cancel_keeps_what_came_and_the_next_time_goes_on(desk, serve, store):
    content = file_of({"weight": torch.arange(50_000)})
    behaviour = serve(content, break_after=[100_000] + [1000] * 500)
    part = store.folder / f"{NAME}.pth.part"
    desk.choose_model(NAME)
    agree(desk)
    desk.qtbot.waitUntil(lambda: part.exists() and part.stat().st_size >= 100_000)
    desk.press(desk.view.weights.cancel)
    desk.qtbot.waitUntil(lambda: "the download was stopped at" in desk.told)
    assert "what came is kept, start it again to go on" in desk.told
    assert desk.shows(desk.view.weights.offer)
    kept = part.stat().st_size
    assert kept >= 100_000

    behaviour.break_after.clear()
    agree(desk)
    desk.qtbot.waitUntil(
        lambda: "the checkpoint is not ritm_h18's" in desk.told, timeout=LOAD_MS
    )
    assert behaviour.requests[-1] == f"bytes={kept}-"
    assert list(store.folder.iterdir()) == []


def test_a_file_of_another_hash_is_refused_in_one_sentence(desk, serve, store):
    card = card_of("mobile_sam")
    serve(b"PK" + bytes(card.size - 2))
    desk.choose_model(card.name)
    agree(desk)
    desk.qtbot.waitUntil(lambda: desk.view.status.phase == "error", timeout=LOAD_MS)
    assert f"SHA-256 {card.sha256} are expected" in desk.told
    assert "the file was discarded" in desk.told
    assert desk.shows(desk.view.weights.offer)
    assert store.find(card) is None


def test_another_model_can_be_prompted_while_a_download_goes_on(desk, serve):
    behaviour = serve(official_ritm(), break_after=[100, 100])
    behaviour.go_on.clear()
    desk.choose_model(NAME)
    agree(desk)
    desk.qtbot.waitUntil(lambda: len(behaviour.paths) > 0)
    desk.choose_model("ellipse")
    desk.wait_for_model("ellipse", timeout=LOAD_MS)
    assert desk.shows(desk.view.weights.cancel)
    behaviour.go_on.set()
    desk.qtbot.waitUntil(lambda: not desk.shows(desk.view.weights), timeout=LOAD_MS)
    assert desk.told == f"{NAME} is here and can be chosen now"
    assert desk.session.model.name == "ellipse"


def test_a_file_that_was_got_by_hand_is_imported(desk, store, tmp_path, monkeypatch):
    file = tmp_path / "by hand.pth"
    file.write_bytes(file_of(stand_in_state(card_of("focalclick_b0_s1"))))
    answers = iter([(str(tmp_path / "gone.pth"), ""), (str(file), "")])
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: next(answers))
    desk.choose_model("focalclick_b0_s1")
    desk.press(desk.view.weights.bring)
    desk.qtbot.waitUntil(lambda: "there is no checkpoint" in desk.told)
    desk.press(desk.view.weights.bring)
    desk.wait_for_model("focalclick_b0_s1", timeout=LOAD_MS)
    assert store.find(card_of("focalclick_b0_s1")).read_bytes() == file.read_bytes()
