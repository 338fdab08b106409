"""Real senders on the loopback that a test drives: it accepts, sends, stalls and cuts by hand."""

from __future__ import annotations

import contextlib
import http.server
import socket
import threading
import time
from collections.abc import Callable, Iterator


class TcpSender:
    """A dispatcher of sentences that does what the test says."""

    def __init__(self, port: int = 0) -> None:
        self.listening = socket.create_server(("127.0.0.1", port))
        self.port: int = self.listening.getsockname()[1]
        self.lines: list[socket.socket] = []

    @property
    def url(self) -> str:
        return f"tcp://127.0.0.1:{self.port}"

    def accept(self, timeout_s: float = 30.0) -> socket.socket:
        """Wait for the next caller."""
        self.listening.settimeout(timeout_s)
        line, _ = self.listening.accept()
        self.lines.append(line)
        return line

    def close(self) -> None:
        """Hang up and listen no more."""
        for line in self.lines:
            line.close()
        self.listening.close()

    def __enter__(self) -> TcpSender:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


@contextlib.contextmanager
def web_server(answer: Callable[[str], tuple[int, dict[str, str], bytes]]) -> Iterator[str]:
    """Serve what `answer` gives for a path: status, headers, body; gives the address."""

    class Answers(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, headers, body = answer(self.path)
            self.send_response(status)
            for name, value in (headers | {"content-length": str(len(body))}).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *about: object) -> None:
            """Say nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/log.nmea"
        finally:
            server.shutdown()
            thread.join()


def eventually(is_so: Callable[[], object], what: str, timeout_s: float = 60.0) -> None:
    """Wait until something is so."""
    until_s = time.monotonic() + timeout_s
    while not is_so():
        assert time.monotonic() < until_s, f"not within {timeout_s:.0f} s: {what}"
        time.sleep(0.02)
