"""Files that appear whole or not at all."""

import os
import signal
import subprocess
import sys
import textwrap
import time

import pytest

from napari_sam_med.core.storage.atomic_files import (
    check_free,
    check_not_read,
    replacing,
    write_text,
)
from napari_sam_med.errors import CheckpointError, FileWriteError


def test_a_text_is_written_as_it_is_into_new_folders(tmp_path):
    write_text(tmp_path / "a" / "b.txt", "é\r\n")
    assert (tmp_path / "a" / "b.txt").read_bytes() == b"\xc3\xa9\r\n"
    assert [p.name for p in (tmp_path / "a").iterdir()] == ["b.txt"]


def fail_after_writing(path):
    with replacing(path) as part:
        part.write_text("newer")
        raise ZeroDivisionError


def write_while_another_does(path):
    with replacing(path, overwrite=False) as part:
        part.write_text("ours")
        path.write_text("theirs")


def test_a_failed_block_leaves_the_older_file_and_nothing_else(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("older")
    with pytest.raises(ZeroDivisionError):
        fail_after_writing(path)
    assert path.read_text() == "older"
    assert list(tmp_path.iterdir()) == [path]


def test_an_existing_file_is_replaced_only_where_that_is_allowed(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("older")
    with pytest.raises(FileWriteError, match="exists already"):
        write_text(path, "newer", overwrite=False)
    assert path.read_text() == "older"
    write_text(path, "newer")
    assert path.read_text() == "newer"


def test_a_file_that_came_meanwhile_is_kept(tmp_path):
    path = tmp_path / "a.txt"
    with pytest.raises(FileWriteError, match="exists already"):
        write_while_another_does(path)
    assert path.read_text() == "theirs"


def test_a_link_stays_and_its_file_is_replaced(tmp_path):
    (tmp_path / "real.txt").write_text("older")
    link = tmp_path / "link.txt"
    link.symlink_to(tmp_path / "real.txt")
    write_text(link, "newer")
    assert link.is_symlink()
    assert (tmp_path / "real.txt").read_text() == "newer"


def test_a_new_file_has_the_rights_that_the_person_gives(tmp_path):
    before = os.umask(0o027)
    try:
        write_text(tmp_path / "a.txt", "text")
    finally:
        os.umask(before)
    assert (tmp_path / "a.txt").stat().st_mode & 0o777 == 0o640


def test_folders_and_pipes_are_no_place_for_a_file(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for name, reason in ((".", "folder"), ("pipe", "no regular file")):
        with pytest.raises(FileWriteError, match=reason):
            check_free(tmp_path / name, overwrite=True)


SCRIPT = """
    import os, resource, signal, sys
    from pathlib import Path
    from napari_sam_med.core.storage.atomic_files import replacing
    from napari_sam_med.errors import FileWriteError

    path, how = Path(sys.argv[1]), sys.argv[2]
    if how == "full":
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
    try:
        with replacing(path) as part:
            part.write_bytes(b"n" * 5000)
            if how == "killed":
                os.kill(os.getpid(), signal.SIGKILL)
    except FileWriteError as error:
        sys.exit(str(error))
"""


def run(path, how):
    script = textwrap.dedent(SCRIPT)
    command = [sys.executable, "-c", script, str(path), how]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_a_disk_that_takes_no_more_leaves_the_older_file(tmp_path):
    path = tmp_path / "a.bin"
    path.write_text("older")
    ended = run(path, "full")
    assert "a.bin cannot be written" in ended.stderr
    assert ended.stderr.count("\n") == 1
    assert path.read_text() == "older"
    assert list(tmp_path.iterdir()) == [path]


def test_a_kill_leaves_the_older_file(tmp_path):
    path = tmp_path / "a.bin"
    path.write_text("older")
    assert run(path, "killed").returncode == -signal.SIGKILL
    assert path.read_text() == "older"


def test_who_may_read_a_file_stays_so(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("older")
    path.chmod(0o600)
    write_text(path, "new")
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_planted_link_is_replaced_where_links_are_not_followed(tmp_path):
    victim, link = tmp_path / "victim", tmp_path / "link"
    victim.write_text("precious")
    link.symlink_to(victim)
    write_text(link, "new", follow_links=False)
    assert (victim.read_text(), link.read_text()) == ("precious", "new")
    assert not link.is_symlink()


def test_an_error_of_ours_that_is_an_oserror_too_keeps_its_words(tmp_path):
    with pytest.raises(CheckpointError, match="another model"):
        fail_in(tmp_path / "a")


def fail_in(path):
    with replacing(path) as part:
        part.write_text("half")
        msg = "another model's"
        raise CheckpointError(msg)


@pytest.mark.parametrize(
    ("text", "stored"),
    [("\udcc3\udcb6", "ö".encode()), ("\udcff", rb"\udcff"), ("\ud800", rb"\ud800")],
)
def test_what_is_written_is_always_utf8(tmp_path, text, stored):
    write_text(tmp_path / "a", text)
    assert (tmp_path / "a").read_bytes() == stored


@pytest.mark.parametrize("name", ["ring.txt", "ring.txt/a.txt"])
@pytest.mark.parametrize("follow_links", [True, False])
def test_a_link_that_leads_to_itself_is_refused(tmp_path, name, follow_links):
    (tmp_path / "ring.txt").symlink_to("ring.txt")
    with pytest.raises(FileWriteError, match="leads to itself"):
        write_text(tmp_path / name, "a", follow_links=follow_links)


def left_by_a_kill(folder, name, *, days):
    folder.mkdir()
    if name:
        (folder / name).write_text("half")
    then = time.time() - days * 24 * 3600
    os.utime(folder, (then, then))


def test_what_a_kill_left_is_cleared_a_day_later(tmp_path):
    left_by_a_kill(tmp_path / ".part-a", "a.txt", days=2)
    left_by_a_kill(tmp_path / ".part-b", "", days=2)
    write_text(tmp_path / "a.txt", "whole")
    assert [each.name for each in tmp_path.iterdir()] == ["a.txt"]


def test_what_may_still_be_written_or_is_not_ours_stays(tmp_path):
    left_by_a_kill(tmp_path / ".part-a", "a.txt", days=0.5)
    left_by_a_kill(tmp_path / ".part-b", "other.txt", days=2)
    (tmp_path / ".part-c").write_text("no folder")
    os.utime(tmp_path / ".part-c", (0, 0))
    write_text(tmp_path / "a.txt", "whole")
    assert (tmp_path / ".part-a" / "a.txt").read_text() == "half"
    assert (tmp_path / ".part-b" / "other.txt").read_text() == "half"
    assert (tmp_path / ".part-c").read_text() == "no folder"


def test_what_is_read_is_not_written_by_any_of_its_names(tmp_path):
    read = tmp_path / "a.txt"
    read.write_text("mine")
    (tmp_path / "soft.txt").symlink_to(read)
    (tmp_path / "hard.txt").hardlink_to(read)
    for name in ("a.txt", "./a.txt", "soft.txt", "hard.txt"):
        with pytest.raises(FileWriteError, match="which is never overwritten"):
            check_not_read([None, tmp_path / name], [tmp_path / "gone", read])
    (tmp_path / "other.txt").write_text("mine")
    check_not_read([tmp_path / "other.txt", tmp_path / "new.txt"], [read])
