"""Files appear whole or not at all, whatever goes wrong on the way."""

import errno
import os
import sys
from pathlib import Path

import pytest

from skhyp.files._whole_files import (
    abandoned_drafts,
    whole_folder,
    write_whole,
    write_with_header,
)


def test_a_file_is_written_and_replaced_and_nothing_is_left_beside_it(tmp_path):
    path = tmp_path / "model.json"
    for content in (b"first", b"", b"x" * 100_000):
        write_whole(path, content)
        assert path.read_bytes() == content
        assert [p.name for p in tmp_path.iterdir()] == ["model.json"]


def test_a_file_is_as_readable_for_others_as_any_new_one(tmp_path):
    write_whole(tmp_path / "whole", b"")
    (tmp_path / "plain").write_bytes(b"")
    assert (tmp_path / "whole").stat().st_mode == (tmp_path / "plain").stat().st_mode


@pytest.mark.parametrize("failing", ["fsync", "replace"])
def test_a_failure_leaves_the_former_file(tmp_path, monkeypatch, failing):
    path = tmp_path / "model.json"
    write_whole(path, b"former")

    def fail(*args):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, failing, fail)
    with pytest.raises(OSError, match="No space left"):
        write_whole(path, b"later")
    assert path.read_bytes() == b"former"
    assert [p.name for p in tmp_path.iterdir()] == ["model.json"]


def in_folder(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("failing", ["fsync", "replace"])
def test_data_and_their_header_stay_as_they_were_where_the_new_cannot_be_had(
    tmp_path, monkeypatch, failing
):
    data, header = tmp_path / "plants.sli", tmp_path / "plants.hdr"
    write_with_header(data, b"former", header, b"of the former")

    def fail(*args):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, failing, fail)
    with pytest.raises(OSError, match="No space left"):
        write_with_header(data, b"later", header, b"of the later")
    assert in_folder(tmp_path) == {"plants.sli": b"former", "plants.hdr": b"of the former"}


def test_data_never_lie_beside_the_header_of_others(tmp_path, monkeypatch):
    data, header = tmp_path / "plants.sli", tmp_path / "plants.hdr"
    write_with_header(data, b"former", header, b"of the former")
    replace, seen = os.replace, []

    def watch(draft, path):
        seen.append((data.read_bytes(), header.exists()))
        replace(draft, path)

    monkeypatch.setattr(os, "replace", watch)
    write_with_header(data, b"later", header, b"of the later")
    assert seen == [(b"former", False), (b"later", False)]
    assert in_folder(tmp_path) == {"plants.sli": b"later", "plants.hdr": b"of the later"}


def test_a_disk_that_fills_at_any_byte_leaves_the_former_file(tmp_path):
    resource = pytest.importorskip("resource")  # limits of a process, where the system has them
    path, content = tmp_path / "model.json", bytes(range(256)) * 40
    write_whole(path, b"former")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    n_failed = 0
    for n_bytes in [0, 1, 2, *range(100, len(content), 97), len(content) - 1, len(content)]:
        try:
            resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, hard))
            write_whole(path, content)
        except OSError as error:
            n_failed += error.errno == errno.EFBIG
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        whole = b"former" if n_bytes < len(content) else content
        assert [(p.name, p.read_bytes()) for p in tmp_path.iterdir()] == [("model.json", whole)]
    assert n_failed == 4 + len(range(100, len(content), 97))


def test_ctrl_c_leaves_the_former_file(tmp_path, monkeypatch):
    write_whole(tmp_path / "model.json", b"former")

    def interrupt(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_whole(tmp_path / "model.json", b"later")
    assert [(p.name, p.read_bytes()) for p in tmp_path.iterdir()] == [("model.json", b"former")]


def test_a_folder_that_is_missing_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        write_whole(tmp_path / "nowhere" / "model.json", b"")


def test_a_folder_takes_the_place_of_a_former_one_when_it_is_complete(tmp_path):
    for content in ("former", "later"):
        with whole_folder(tmp_path / "model") as draft:
            (draft / "deep").mkdir()
            (draft / "deep" / "weights").write_text(content)
            if content == "later":
                assert (tmp_path / "model" / "deep" / "weights").read_text() == "former"
        assert (tmp_path / "model" / "deep" / "weights").read_text() == content
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


@pytest.mark.parametrize("error", [OSError("full"), KeyboardInterrupt()])
@pytest.mark.parametrize("moment", ["while it is written", "at the last rename"])
def test_a_folder_that_fails_leaves_the_former_one(tmp_path, monkeypatch, error, moment):
    with whole_folder(tmp_path / "model") as draft:
        (draft / "weights").write_text("former")
    replace = os.replace

    def fail_at_the_last(source, target):
        if Path(source).suffix == ".part":
            raise error
        replace(source, target)

    if moment == "at the last rename":
        # As where two folders cannot be exchanged in one step.
        monkeypatch.setattr("skhyp.files._whole_files.swapped", lambda one, other: False)
        monkeypatch.setattr(os, "replace", fail_at_the_last)

    def write_later():
        with whole_folder(tmp_path / "model") as draft:
            (draft / "weights").write_text("later")
            if moment == "while it is written":
                raise error

    with pytest.raises(type(error)):
        write_later()
    assert (tmp_path / "model" / "weights").read_text() == "former"
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


WRITER = """
import sys
from pathlib import Path
from skhyp.files._whole_files import (
    abandoned_drafts,
    whole_folder,
    write_whole,
    write_with_header,
)
contents = [bytes([i]) * 300_000 for i in range(3)]
write_whole(Path(sys.argv[1]), contents[0])
print("has written", flush=True)
while True:
    for content in contents:
        write_whole(Path(sys.argv[1]), content)
"""


def test_readers_see_whole_files_while_two_processes_write_and_are_killed(tmp_path, start_forked):
    path = tmp_path / "model.bin"
    with start_forked(WRITER, path) as one, start_forked(WRITER, path) as other:
        writers = one, other
        for writer in writers:
            assert writer.stdout.readline() == "has written\n"
        n_changes, former = 0, None
        while n_changes < 50:
            content = path.read_bytes()
            assert len(content) == 300_000 and len(set(content)) == 1
            n_changes += content[0] != former
            former = content[0]
            assert [writer.returncode for writer in writers] == [None, None]
    content = path.read_bytes()
    assert len(content) == 300_000 and len(set(content)) == 1


def test_an_error_names_the_file_the_room_needed_and_the_room_left(tmp_path, monkeypatch):
    def fail(*args):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match=r"needs about 5 bytes; its disk has [\d,]+ left") as raised:
        write_whole(tmp_path / "model.json", b"later")
    assert raised.value.errno == errno.ENOSPC
    assert raised.value.filename == str(tmp_path / "model.json")


def test_what_does_not_read_back_the_same_does_not_take_the_place(tmp_path, monkeypatch):
    write_whole(tmp_path / "model.json", b"former")

    def forget_the_end(path):
        if path.suffix == ".part":
            os.truncate(path, 3)

    monkeypatch.setattr("skhyp.files._whole_files.force_to_disk", forget_the_end)
    with pytest.raises(OSError, match=r"does not read back the same.*model\.json"):
        write_whole(tmp_path / "model.json", b"later")
    assert [(p.name, p.read_bytes()) for p in tmp_path.iterdir()] == [("model.json", b"former")]


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_of_a_link_what_it_points_to_is_written(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "model.json").symlink_to(tmp_path / "real" / "config.json")
    (tmp_path / "model").symlink_to(tmp_path / "real" / "folder")
    for content in (b"former", b"later"):
        write_whole(tmp_path / "model.json", content)
        with whole_folder(tmp_path / "model") as draft:
            (draft / "weights").write_bytes(content)
        assert (tmp_path / "model.json").is_symlink() and (tmp_path / "model").is_symlink()
        assert (tmp_path / "real" / "config.json").read_bytes() == content
        assert (tmp_path / "real" / "folder" / "weights").read_bytes() == content
    assert sorted(os.listdir(tmp_path / "real")) == ["config.json", "folder"]


@pytest.mark.skipif(sys.platform == "win32", reason="files are not locked there")
def test_what_a_killed_process_left_is_cleared_and_what_a_living_one_has_is_not(tmp_path):
    path = tmp_path / "model"
    (tmp_path / ".model.0123456789ab.part").write_bytes(b"of a killed one")
    (tmp_path / ".model.of-mine.part").write_bytes(b"of nobody here")
    with whole_folder(path) as draft:
        (draft / "weights").write_text("of a living one")
        write_whole(tmp_path / "model.json", b"")
        with whole_folder(path) as another:
            (another / "weights").write_text("later")
        assert (draft / "weights").exists()
    assert (path / "weights").read_text() == "of a living one"
    assert sorted(os.listdir(tmp_path)) == [".model.of-mine.part", "model", "model.json"]


@pytest.mark.parametrize("can_swap", [True, False])
def test_a_folder_is_never_missing_where_two_can_be_exchanged(tmp_path, monkeypatch, can_swap):
    with whole_folder(tmp_path / "model") as draft:
        (draft / "weights").write_text("former")
    if not can_swap:
        monkeypatch.setattr("skhyp.files._whole_files.swapped", lambda one, other: False)
    elif sys.platform != "linux":
        pytest.skip("folders are exchanged by Linux alone")
    replace, seen = os.replace, []

    def watch(source, target):
        replace(source, target)
        seen.append((tmp_path / "model" / "weights").exists())

    monkeypatch.setattr(os, "replace", watch)
    with whole_folder(tmp_path / "model") as draft:
        (draft / "weights").write_text("later")
    assert seen == ([] if can_swap else [False, True])
    assert (tmp_path / "model" / "weights").read_text() == "later"
    assert os.listdir(tmp_path) == ["model"]


@pytest.mark.skipif(os.name == "nt", reason="needs locks of files")
def test_a_draft_that_is_cleared_before_its_writer_has_locked_it_is_made_anew(
    tmp_path, monkeypatch
):
    path, made = tmp_path / "model", []

    def make_while_another_clears(draft):
        draft.touch()
        made.append(draft)
        if len(made) == 1:
            clearing.append(abandoned_drafts(path))
            assert next(clearing[0]) == draft  # it has it, and has not removed it yet

    clearing = []
    monkeypatch.setattr("skhyp.files._whole_files._make_file", make_while_another_clears)
    write_whole(path, b"content")
    assert len(made) == 2 and path.read_bytes() == b"content"
    clearing[0].close()


def test_a_former_folder_that_a_killed_process_took_away_is_put_back(tmp_path):
    former = tmp_path / ".model.0123456789ab.former"
    former.mkdir()
    (former / "weights").write_text("former")
    write_whole(tmp_path / "model.json", b"another")  # of which it is none
    assert not (tmp_path / "model").exists()
    with whole_folder(tmp_path / "model") as draft:
        assert (tmp_path / "model" / "weights").read_text() == "former"
        (draft / "weights").write_text("later")
    assert (tmp_path / "model" / "weights").read_text() == "later"
    assert sorted(os.listdir(tmp_path)) == ["model", "model.json"]
