"""Downloads that break off go on, what is not the scene is not kept, and errors say what to do."""

import http.server
import os
import socket
import threading

import numpy as np
import pytest
from scipy.io import savemat

import skhyp.datasets._downloads as downloads
import skhyp.datasets._remote_scenes as remote_scenes
from skhyp.datasets import fetch_pavia_university, fetch_salinas

pytest.importorskip("pooch")

COUNTS = (3, 5)
SHAPE = (4, 5, 6)


class Server(http.server.ThreadingHTTPServer):
    """A server of files that behaves badly in the ways listed in ``faults``, one a request."""

    def __init__(self, files):
        super().__init__(("127.0.0.1", 0), Handler)
        self.files = files
        self.faults = []
        self.falls_silent = False  # after half of a file, unless it is asked for the rest
        self.requests = []
        self.ended = threading.Event()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}/"


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        fault = self.server.faults.pop(0) if self.server.faults else None
        content_range = self.headers.get("Range")
        self.server.requests.append((self.path, content_range))
        content = self.server.files.get(self.path.lstrip("/"))
        if fault == "missing" or content is None:
            self.send_error(404)
            return
        if fault == "web page":
            self._send(200, b"<html>Please log in</html>", {"Content-Type": "text/html"})
            return
        start = 0
        if content_range and fault != "no ranges":
            start = int(content_range.removeprefix("bytes=").rstrip("-"))
            if start >= len(content):
                self.send_error(416)
                return
        part = content[start:]
        falls_silent = self.server.falls_silent and not content_range
        sent = part[: len(part) // 2] if fault == "truncate" or falls_silent else part
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(part)))
        self.end_headers()
        self.wfile.write(sent)
        self.wfile.flush()
        if falls_silent:
            self.server.ended.wait()

    def _send(self, status, content, headers):
        self.send_response(status)
        for name, value in {"Content-Length": len(content), **headers}.items():
            self.send_header(name, str(value))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *arguments):
        pass


def _mat(folder, **variables):
    savemat(folder / "made.mat", variables, do_compression=True)
    return (folder / "made.mat").read_bytes()


@pytest.fixture
def cube():
    return np.random.default_rng(0).integers(0, 9000, SHAPE).astype(np.uint16)


@pytest.fixture
def server(tmp_path, cube, monkeypatch):
    """A server of a small Pavia University, whose published facts are replaced by its own."""
    labels = np.repeat([0, 1, 2], [12, *COUNTS]).reshape(SHAPE[:2]).astype(np.uint8)
    pavia = remote_scenes._PAVIA_UNIVERSITY
    files = {
        pavia.cube_address: _mat(tmp_path, paviaU=cube),
        pavia.label_address: _mat(tmp_path, paviaU_gt=labels),
    }
    small = {"shape": SHAPE, "class_counts": COUNTS, "label_hash": None}
    server = Server(files)
    monkeypatch.setattr(
        remote_scenes, "_PAVIA_UNIVERSITY", remote_scenes.RemoteScene(**{**vars(pavia), **small})
    )
    monkeypatch.setattr(remote_scenes, "BASE_URL", server.url)
    monkeypatch.setattr(downloads, "CHUNK_BYTES", 1)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.ended.set()
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "downloads"


def test_a_scene_is_downloaded_once_and_then_read_from_the_folder(server, folder, cube):
    scene = fetch_pavia_university(data_home=folder)
    np.testing.assert_array_equal(scene.cube, cube)
    assert scene.data.shape == (8, 6) and np.bincount(scene.target)[1:].tolist() == list(COUNTS)
    assert scene.class_names[scene.target[0]] == "Asphalt"
    assert sorted(os.listdir(folder)) == ["PaviaU.mat", "PaviaU_gt.mat"]
    n_requests = len(server.requests)
    X, y = fetch_pavia_university(data_home=folder, return_X_y=True)
    np.testing.assert_array_equal(X, scene.data)
    np.testing.assert_array_equal(y, scene.target)
    assert len(server.requests) == n_requests == 2


def test_a_download_that_breaks_off_goes_on_where_it_was(server, folder, cube):
    server.faults = ["truncate"]
    scene = fetch_pavia_university(data_home=folder, delay=0)
    np.testing.assert_array_equal(scene.cube, cube)
    size = len(server.files[server.requests[0][0].lstrip("/")])
    assert server.requests[1][1] == f"bytes={size // 2}-"


def test_a_server_that_falls_silent_is_asked_for_the_rest(server, folder, cube, monkeypatch):
    # On a busy machine any answer may come too late: then it is asked for again.
    monkeypatch.setattr(downloads, "READ_TIMEOUT", 0.3)
    server.falls_silent = True
    scene = fetch_pavia_university(data_home=folder, n_retries=1000, delay=0)
    np.testing.assert_array_equal(scene.cube, cube)
    for address in server.files:
        *_, last = [asked for path, asked in server.requests if path.lstrip("/") == address]
        assert last.startswith("bytes=")


def test_a_server_that_knows_no_ranges_begins_anew(server, folder, cube):
    server.faults = ["truncate", "no ranges"]
    np.testing.assert_array_equal(fetch_pavia_university(data_home=folder, delay=0).cube, cube)


def test_what_an_earlier_process_left_is_gone_on_with(server, folder, cube):
    server.faults = ["truncate"]
    with pytest.raises(OSError, match="bytes, then"):
        fetch_pavia_university(data_home=folder, n_retries=0)
    np.testing.assert_array_equal(fetch_pavia_university(data_home=folder).cube, cube)
    assert server.requests[1][1].startswith("bytes=")


def test_a_link_where_a_part_would_be_is_not_followed(server, folder, tmp_path):
    precious = tmp_path / "thesis.txt"
    precious.write_text("years of work")
    folder.mkdir()
    (folder / ".PaviaU.mat.part").symlink_to(precious)
    with pytest.raises(ValueError, match=r"PaviaU\.mat\.part is a link"):
        fetch_pavia_university(data_home=folder)
    assert precious.read_text() == "years of work"


def test_a_part_that_is_longer_than_the_file_is_dropped(server, folder, cube):
    folder.mkdir()
    (folder / ".PaviaU.mat.part").write_bytes(bytes(10**5))
    np.testing.assert_array_equal(fetch_pavia_university(data_home=folder, delay=0).cube, cube)


@pytest.mark.parametrize(
    ("fault", "reason"), [("missing", "404"), ("web page", "web page"), ("truncate", "bytes, then")]
)
def test_an_error_says_what_to_download_and_where_to_put_it(server, folder, fault, reason):
    server.faults = [fault] * 2
    with pytest.raises(OSError, match=reason) as caught:
        fetch_pavia_university(data_home=folder, n_retries=1, delay=0)
    for expected in ("e/ee/PaviaU.mat", "5/50/PaviaU_gt.mat", str(folder), "by hand"):
        assert expected in str(caught.value)
    assert not (folder / "PaviaU.mat").exists()


def test_no_server_at_all_is_an_error_that_says_the_same(monkeypatch, folder):
    with socket.socket() as nobody_listens:
        nobody_listens.bind(("127.0.0.1", 0))
        port = nobody_listens.getsockname()[1]
        monkeypatch.setattr(remote_scenes, "BASE_URL", f"http://127.0.0.1:{port}/")
        with pytest.raises(OSError, match="by hand"):
            fetch_salinas(data_home=folder, n_retries=0)


def test_files_put_there_by_hand_need_no_server(server, folder, cube, monkeypatch):
    folder.mkdir()
    for address, content in server.files.items():
        (folder / os.path.basename(address)).write_bytes(content)
    monkeypatch.setenv("SKHYP_DATA", str(folder))
    scene = fetch_pavia_university(download_if_missing=False)
    np.testing.assert_array_equal(scene.cube, cube)
    assert not server.requests


def test_nothing_is_downloaded_where_it_is_not_wanted(server, folder):
    with pytest.raises(OSError, match="download_if_missing=False"):
        fetch_pavia_university(data_home=folder, download_if_missing=False)
    assert not server.requests


@pytest.mark.parametrize("wrong", ["shape", "counts", "garbage"])
def test_a_download_that_is_another_scene_is_not_kept(server, folder, tmp_path, cube, wrong):
    pavia = remote_scenes._PAVIA_UNIVERSITY
    address = pavia.label_address if wrong == "counts" else pavia.cube_address
    server.files[address] = {
        "shape": _mat(tmp_path, paviaU=cube[:3]),
        "counts": _mat(tmp_path, paviaU_gt=np.ones(SHAPE[:2], np.uint8)),
        "garbage": bytes(3000),
    }[wrong]
    with pytest.raises(ValueError, match="is not the published scene Pavia University"):
        fetch_pavia_university(data_home=folder)
    assert not (folder / os.path.basename(address)).exists()


def test_a_file_of_the_user_that_is_another_scene_is_refused_and_left(server, folder, tmp_path):
    folder.mkdir()
    (folder / "PaviaU_gt.mat").write_bytes(_mat(tmp_path, paviaU_gt=np.ones((2, 2), np.uint8)))
    with pytest.raises(ValueError, match=r"Remove .*PaviaU_gt"):
        fetch_pavia_university(data_home=folder)
    assert (folder / "PaviaU_gt.mat").exists()


def test_a_label_file_with_another_hash_is_refused(server, folder, monkeypatch):
    pavia = remote_scenes._PAVIA_UNIVERSITY
    hashed = remote_scenes.RemoteScene(**{**vars(pavia), "label_hash": "sha256:" + "0" * 64})
    monkeypatch.setattr(remote_scenes, "_PAVIA_UNIVERSITY", hashed)
    with pytest.raises(OSError, match=r"PaviaU_gt\.mat is not the file it should be"):
        fetch_pavia_university(data_home=folder, n_retries=1, delay=0)
    assert not (folder / "PaviaU_gt.mat").exists()


def test_processes_that_fetch_at_once_wait_for_each_other(server, folder, cube):
    scenes = []
    threads = [
        threading.Thread(target=lambda: scenes.append(fetch_pavia_university(data_home=folder)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(scenes) == 4 and all(np.array_equal(scene.cube, cube) for scene in scenes)
    assert len(server.requests) == 2
