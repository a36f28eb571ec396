"""Downloads from a real server that breaks, lies and redirects."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from fakes.file_server import Behaviour, serving
from napari_sam_med.errors import CheckpointError, DownloadCancelledError
from napari_sam_med.models.weights.downloads import Wanted, download
from napari_sam_med.models.weights.network import Network

BODY = np.random.default_rng(1).bytes(600_000)
SHA256 = hashlib.sha256(BODY).hexdigest()
QUICK = Network(attempts=3, pause_s=0.0, timeout_s=60.0)


@pytest.fixture
def target(tmp_path):
    return tmp_path / "store" / "weights.pth"


def fetch(behaviour, target, *, path="/weights.pth", known=True, **options):
    with serving(behaviour) as address:
        wanted = Wanted(
            address + path, len(BODY) if known else 0, SHA256 if known else ""
        )
        return download(wanted, target, **{"network": QUICK} | options)


def left_over(target):
    return sorted(file.name for file in target.parent.glob("*"))


@pytest.mark.parametrize("known", [True, False])
def test_a_file_arrives_with_its_hash_and_nothing_beside_it(target, known):
    assert fetch(Behaviour(BODY), target, known=known) == SHA256
    assert target.read_bytes() == BODY
    assert left_over(target) == ["weights.pth"]


def test_a_broken_connection_is_continued_where_it_broke(target):
    behaviour = Behaviour(BODY, break_after=[200_000, 100_000])
    assert fetch(behaviour, target) == SHA256
    assert behaviour.requests == ["", "bytes=200000-", "bytes=300000-"]


def test_a_break_is_continued_without_a_known_size_and_hash(target):
    behaviour = Behaviour(BODY, break_after=[200_000])
    assert fetch(behaviour, target, known=False) == SHA256
    assert behaviour.requests == ["", "bytes=200000-"]


def test_a_server_without_ranges_sends_the_whole_file_again(target):
    behaviour = Behaviour(BODY, break_after=[200_000], ranges=False)
    assert fetch(behaviour, target) == SHA256


def test_a_file_that_changed_in_between_is_begun_anew(target):
    with pytest.raises(CheckpointError, match="broke"):
        fetch(Behaviour(b"old" * 200_000, [99, 0, 0, 0, 0], tag='"old"'), target)
    assert fetch(Behaviour(BODY), target) == SHA256


def test_a_connection_that_stays_broken_keeps_what_came(target):
    behaviour = Behaviour(BODY, break_after=[200_000, 0, 0, 0, 0])
    with pytest.raises(CheckpointError, match=r"broke after 200 kB .*400000 bytes are"):
        fetch(behaviour, target)
    assert not target.exists()
    later = Behaviour(BODY)
    assert fetch(later, target) == SHA256
    assert later.requests == ["bytes=200000-"]


def test_a_busy_server_is_asked_again(target):
    assert fetch(Behaviour(BODY, statuses=[503, 503]), target) == SHA256


def test_an_absent_file_is_not_asked_for_again(target):
    behaviour = Behaviour(BODY, statuses=[404, 404])
    with pytest.raises(CheckpointError, match="status 404"):
        fetch(behaviour, target)
    assert len(behaviour.requests) == 1


def test_redirects_are_followed(target):
    behaviour = Behaviour(BODY, redirects={"/a": "/b", "/b": "/weights.pth"})
    assert fetch(behaviour, target, path="/a") == SHA256
    assert behaviour.paths == ["/a", "/b", "/weights.pth"]


@pytest.mark.parametrize("lie", [-1000, 1000])
def test_a_server_that_lies_about_the_length_is_refused(target, lie):
    with pytest.raises(CheckpointError, match=r"offers \d+ bytes where 600000"):
        fetch(Behaviour(BODY, length_lie=lie), target)
    assert left_over(target) == []


def test_a_length_too_long_does_not_loop_for_ever(target):
    with pytest.raises(CheckpointError, match="run the download again"):
        fetch(Behaviour(BODY, length_lie=1000), target, known=False)
    assert not target.exists()


def test_more_bytes_than_published_are_refused(target):
    behaviour = Behaviour(BODY + b"more", without_length=True)
    with pytest.raises(CheckpointError, match="sends more than the 600000 bytes"):
        fetch(behaviour, target)
    assert left_over(target) == []


def test_wrong_bytes_are_refused_and_discarded(target):
    wrong = BODY[:-1] + bytes([BODY[-1] ^ 1])
    with pytest.raises(CheckpointError, match=f"with SHA-256 {SHA256} are expected"):
        fetch(Behaviour(wrong), target)
    assert left_over(target) == []


def test_a_web_page_is_refused(target):
    page = Behaviour(b"<html>sign in</html>", content_type="text/html; charset=utf-8")
    with pytest.raises(CheckpointError, match="web page instead of the file"):
        fetch(page, target, known=False)


def test_a_web_page_that_calls_itself_a_file_is_refused(target):
    with pytest.raises(CheckpointError, match="is a web page, not a checkpoint"):
        fetch(Behaviour(b"<!DOCTYPE html><p>sign in"), target, known=False)
    assert not target.exists()


def test_progress_counts_up_to_the_whole(target):
    seen = []
    fetch(Behaviour(BODY), target, progress=lambda *each: seen.append(each))
    done = [each[0] for each in seen]
    assert done == sorted(done)
    assert seen[-1] == (600_000, 600_000)


def test_a_cancelled_download_goes_on_later(target):
    with pytest.raises(DownloadCancelledError, match="start it again to go on"):
        fetch(Behaviour(BODY), target, cancelled=lambda: True)
    kept = (target.parent / "weights.pth.part").stat().st_size
    assert kept > 0
    later = Behaviour(BODY)
    assert fetch(later, target) == SHA256
    assert later.requests == [f"bytes={kept}-"]


def test_a_download_that_trickles_tells_what_came_and_can_be_stopped(target):
    seen = []
    with pytest.raises(DownloadCancelledError, match="stopped at 1 kB"):
        fetch(
            Behaviour(BODY, stall_after=1000, stall_s=20.0),
            target,
            progress=lambda done, _: seen.append(done),
            cancelled=lambda: bool(seen),
        )
    assert seen == [1000]


def test_two_processes_do_not_fetch_one_file_at_once(target):
    told = []

    def meanwhile(*_):
        if not told:
            with pytest.raises(CheckpointError, match=r"another process .* wait"):
                download(Wanted(f"{address}/w", len(BODY), SHA256), target)
            told.append(True)

    behaviour = Behaviour(BODY)
    with serving(behaviour) as address:
        wanted = Wanted(f"{address}/w", len(BODY), SHA256)
        assert download(wanted, target, progress=meanwhile) == SHA256
    assert told
    assert target.read_bytes() == BODY
    assert left_over(target) == ["weights.pth"]
    assert len(behaviour.requests) == 1


def test_a_download_after_one_that_was_killed_goes_on(target):
    target.parent.mkdir()
    (target.parent / "weights.pth.lock").touch()
    (target.parent / "weights.pth.part").write_bytes(BODY[:1000])
    behaviour = Behaviour(BODY)
    assert fetch(behaviour, target) == SHA256
    assert behaviour.requests == ["bytes=1000-"]
    assert left_over(target) == ["weights.pth"]


def test_a_planted_lock_is_not_written_through(target, tmp_path):
    target.parent.mkdir()
    (tmp_path / "mine").write_text("kept")
    (target.parent / "weights.pth.lock").hardlink_to(tmp_path / "mine")
    assert fetch(Behaviour(BODY), target) == SHA256
    assert (tmp_path / "mine").read_text() == "kept"


@pytest.mark.parametrize("place", ["http://[::1", "http://a..b/w"])
def test_a_redirect_to_no_address_is_told(target, place):
    behaviour = Behaviour(BODY, redirects={"/weights.pth": place})
    with pytest.raises(CheckpointError, match=r"weights\.pth leads to no address"):
        fetch(behaviour, target)
    assert left_over(target) == []


def test_a_host_that_can_have_no_name_is_told(target):
    for host in ("a..b", "a" * 70 + ".com"):
        with pytest.raises(CheckpointError, match=f"{host}/w leads to no address"):
            download(Wanted(f"http://{host}/w"), target, network=QUICK)


def test_a_disk_that_is_too_small_is_noticed_before_the_first_byte(target):
    behaviour = Behaviour(BODY)
    with serving(behaviour) as address, pytest.raises(CheckpointError, match="free"):
        download(Wanted(f"{address}/x", 10**18), target, network=QUICK)
    assert behaviour.requests == []


def test_a_mirror_is_asked_for_the_official_file_name(target):
    behaviour = Behaviour(BODY)
    with serving(behaviour) as address:
        mirror = Network(mirror=f"{address}/copies/", attempts=1, pause_s=0)
        official = "https://example.invalid/v1/sam_vit_b_01ec64.pth?x=1"
        download(Wanted(official, 0, SHA256), target, network=mirror)
    assert behaviour.paths == ["/copies/sam_vit_b_01ec64.pth"]


def test_a_proxy_is_asked_for_the_whole_address(target):
    behaviour = Behaviour(BODY)
    with serving(behaviour) as address:
        proxy = Network(proxy=address, attempts=1, pause_s=0)
        download(Wanted("http://example.invalid/w.pth"), target, network=proxy)
    assert behaviour.paths == ["http://example.invalid/w.pth"]


def test_mirror_and_proxy_come_from_the_environment(monkeypatch):
    monkeypatch.setenv("NAPARI_SAM_MED_MIRROR", "https://mirror.example")
    monkeypatch.setenv("NAPARI_SAM_MED_PROXY", "http://proxy.example:3128")
    network = Network.from_environment()
    assert network.address("https://a.b/c/d.pth") == "https://mirror.example/d.pth"
    assert network.proxy == "http://proxy.example:3128"


def test_an_address_that_is_no_web_address_is_refused(target):
    with pytest.raises(CheckpointError, match="starts with http"):
        download(Wanted("file:///etc/hostname"), target, network=QUICK)


def test_a_server_that_is_not_there_is_named_with_what_to_do_by_hand(target):
    with pytest.raises(CheckpointError) as caught:
        download(Wanted("http://127.0.0.1:9/x"), target, network=QUICK)
    said = str(caught.value)
    assert said.startswith("nothing came from http://127.0.0.1:9/x (")
    assert "napari-sam-med models import FILE" in said
    assert "what came is kept" not in said


def test_a_connection_that_breaks_before_the_first_byte_keeps_nothing(target):
    behaviour = Behaviour(BODY, break_after=[0, 0, 0])
    with pytest.raises(CheckpointError, match=r"nothing came from .*600000 bytes are"):
        fetch(behaviour, target)
