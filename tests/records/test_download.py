"""Downloads from a server of our own, that breaks off, starts in the middle, cannot, or gives something else."""

from __future__ import annotations

import hashlib
import re
import threading
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from pomonag.errors import UserError
from pomonag.records.download import fetch

CONTENT = bytes(range(256)) * 4096  # 1 MiB
SHA256 = hashlib.sha256(CONTENT).hexdigest()


class Server(ThreadingHTTPServer):
    """Serves CONTENT; breaks off after `break_after` bytes; `ranges`: whether it can start in the middle."""

    content, break_after, ranges, says_length = CONTENT, None, True, True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[str | None] = []
        self.url = f"http://127.0.0.1:{self.server_address[1]}/weights.pth"


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        server, asked = self.server, self.headers.get("Range")
        server.asked.append(asked)
        if self.path != "/weights.pth":
            return self.send_error(404)
        start = int(re.fullmatch(r"bytes=(\d+)-", asked)[1]) if asked and server.ranges else 0
        if start >= len(server.content):
            return self.send_error(416)
        body = server.content[start:]
        self.send_response(206 if start else 200)
        if server.says_length:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: server.break_after])
        return None

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    with Server() as served:
        thread = threading.Thread(target=served.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield served
        served.shutdown()
        thread.join()


def only_file(folder):
    (file,) = folder.iterdir()
    return file


def test_a_file_is_fetched_once_and_is_alone_in_its_folder(server, tmp_path):
    file = tmp_path / "new" / "weights.pth"
    fetch(server.url, file, SHA256[:8])
    fetch(server.url, file, SHA256[:8])
    assert only_file(file.parent).read_bytes() == CONTENT
    assert server.asked == [None]


def test_a_broken_download_goes_on_where_it_was(server, tmp_path):
    file = tmp_path / "weights.pth"
    server.break_after = 300_000
    for arrived in (300_000, 600_000):
        with pytest.raises(OSError, match="broke after 300,000 of"):
            fetch(server.url, file, SHA256)
        assert only_file(tmp_path).stat().st_size == arrived
        assert not file.exists()
    server.break_after = None
    fetch(server.url, file, SHA256)
    assert only_file(tmp_path).read_bytes() == CONTENT
    assert server.asked == [None, "bytes=300000-", "bytes=600000-"]


def test_a_server_that_cannot_start_in_the_middle_starts_anew(server, tmp_path):
    (tmp_path / ".weights.pth.part").write_bytes(b"anything")
    server.ranges = False
    fetch(server.url, tmp_path / "weights.pth", SHA256)
    assert only_file(tmp_path).read_bytes() == CONTENT


def test_a_download_killed_before_its_last_step_needs_no_other(server, tmp_path):
    (tmp_path / ".weights.pth.part").write_bytes(CONTENT)
    fetch(server.url, tmp_path / "weights.pth", SHA256)
    assert only_file(tmp_path).read_bytes() == CONTENT


@pytest.mark.parametrize("part", [b"", b"not its beginning", CONTENT + b"more"])
def test_other_content_is_refused_and_the_next_call_starts_anew(server, tmp_path, part):
    (tmp_path / ".weights.pth.part").write_bytes(part)
    if not part:
        server.content = b"another file"
    file = tmp_path / "weights.pth"
    with pytest.raises(UserError, match=f"other content.*expected {SHA256[:8]}.*place the right file at"):
        fetch(server.url, file, SHA256[:8])
    assert not file.exists()
    server.content = CONTENT
    fetch(server.url, file, SHA256[:8])
    assert only_file(tmp_path).read_bytes() == CONTENT


def test_a_length_that_is_not_said_is_left_to_the_checksum(server, tmp_path):
    server.says_length, server.break_after = False, 1000
    with pytest.raises(UserError, match="other content"):
        fetch(server.url, tmp_path / "weights.pth", SHA256)


def test_no_such_file_and_no_server_are_errors_of_the_network(server, tmp_path):
    with pytest.raises(OSError, match="404"):
        fetch(server.url + "x", tmp_path / "weights.pth", SHA256)
    server.shutdown()
    server.server_close()
    with pytest.raises(OSError, match="refused"):
        fetch(server.url, tmp_path / "weights.pth", SHA256)


def test_many_at_once_download_once(server, tmp_path):
    file = tmp_path / "weights.pth"
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: fetch(server.url, file, SHA256), range(8)))
    assert only_file(tmp_path).read_bytes() == CONTENT
    assert len(server.asked) == 1
