"""`python -m reports serve`: the page on this machine alone, up to date while results arrive."""

from __future__ import annotations

import contextlib
import errno
import html
import json
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from pomonag.errors import UserError
from reports.live_page import LivePage

ADDRESS = "127.0.0.1"
_NAMES = (ADDRESS, "localhost")


class PageServer(ThreadingHTTPServer):
    """Serves one page and its progress on the loopback address. Raises UserError where the port cannot be had."""

    daemon_threads = True

    def __init__(self, page: LivePage, port: int):
        self.page = page
        try:
            super().__init__((ADDRESS, port), _Handler)
        except OSError as error:
            why = "is in use" if error.errno == errno.EADDRINUSE else f"cannot be had ({error.strerror})"
            raise UserError(
                f"port {port} of {ADDRESS} {why}. Give another one, or --port 0 for any free one."
            ) from error

    @property
    def url(self) -> str:
        """Where the page is."""
        return f"http://{ADDRESS}:{self.server_port}/"

    def handle_error(self, request: object, client_address: object) -> None:
        """A reader that went away is no error of ours."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


class _Handler(BaseHTTPRequestHandler):
    server: PageServer

    def do_GET(self) -> None:
        # Another site's name that was made to point here must not read the page.
        if (self.headers.get("Host") or "").rsplit(":", 1)[0] not in _NAMES:
            return self._answer(403, "text/plain", "This page is served to this machine alone.")
        if self.path == "/progress.json":
            return self._answer(200, "application/json", json.dumps(self.server.page.state()))
        if self.path.split("?")[0] != "/":
            return self._answer(404, "text/plain", "There is only one page: /")
        try:
            self._answer(200, "text/html", self.server.page.page())
        except UserError as error:
            text = (
                f'<!doctype html><html lang="en"><title>pomonag</title><h1>No page</h1><p>{html.escape(str(error))}</p>'
            )
            self._answer(500, "text/html", text)

    def _answer(self, status: int, kind: str, text: str) -> None:
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: a line every other second helps nobody."""


def serve(page: LivePage, port: int, say: Callable[[str], None]) -> None:
    """Until Ctrl-C. `say` hears the address."""
    with PageServer(page, port) as server, _catalogue_for(page):
        say(f"{server.url} shows the results as they arrive; Ctrl-C ends it.")
        server.serve_forever(poll_interval=0.2)


@contextlib.contextmanager
def _catalogue_for(page: LivePage) -> Iterator[None]:
    """Ask benchmarks meanwhile what there is to run: that takes seconds, and it stands above this package."""
    with tempfile.TemporaryDirectory(prefix="pomonag-") as folder:
        page.catalogue = Path(folder) / "catalogue.json"
        command = [sys.executable, "-m", "benchmarks", "plan", "--catalogue", str(page.catalogue)]
        process = subprocess.Popen(
            [*command, "--results-dir", str(page.recomputed or page.shipped)],
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip

        def wait() -> None:
            _, errors = process.communicate()
            if process.returncode > 0:
                page.problem = f"How much there is to run is unknown: {errors.strip()[-500:]}"

        waiting = threading.Thread(target=wait, daemon=True)
        waiting.start()
        try:
            yield
        finally:
            process.terminate()
            waiting.join(timeout=10)
