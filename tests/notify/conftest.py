"""What the tests of notify share: its own tables in a database apart, the service without anything around it, an address that listens."""

import contextlib
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

import contracts
from plumbing import events
from plumbing.events import Delivery, DomainEvent, read
from plumbing.jobs import Jobs
from services.notify import sending, store
from services.notify.retries import LEASE
from services.notify.service import NotifyService
from tests.plumbing.processes import Process

CODE = "620702-2026-000123-1"


def said(sequence: int, word: str, subject: str = CODE, **changed):
    """What mediation said, as notify hears it."""
    data = contracts.DOMAIN_EVENTS[word].example | changed
    return read(Delivery(events.write("mediation", DomainEvent(word, subject, data), f"{subject}/{sequence}", events.utc_now(), sequence)))


@pytest.fixture
def notify(apart):
    """notify's schema with nothing in it."""
    apart.empty("notify")
    apart.rows("delete from notify.notices; delete from notify.webhooks")
    return apart


@pytest.fixture
def service(notify, monkeypatch):
    """Its `send_webhooks` returns when nothing is due any more, however slow the machine is."""
    monkeypatch.setattr(sending, "ROUND_SECONDS", 60.0)
    service = NotifyService()
    service.db, service.calls = notify.pool("notify"), Jobs(4)
    return service


@pytest.fixture
def hook(service):
    """hook(agency, url) is what an operator sets; it gives the secret."""

    def hook(agency, url, secret=b"s3cret"):
        with service.db.transaction() as tx:
            store.set_webhook(tx, agency, url, secret, LEASE)
        return secret

    return hook


class Address:
    """Somebody's own server: keeps what is posted to it, and answers as it is told."""

    def __init__(self):
        self.posted, self.answers = [], []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.posted.append((self.path, dict(self.headers), body))
                status = outer.answers.pop(0) if outer.answers else 204
                self.send_response(status)
                if status in (301, 302, 307):
                    self.send_header("Location", f"{outer.url}/elsewhere")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()


@pytest.fixture
def address(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")  # whatever this machine does with the rest of the world
    address = Address()
    yield address
    address.server.shutdown()
    address.server.server_close()


class Dripping:
    """A server that takes the call and then sends its answer's headers a byte at a time, so that no single read ever waits for long."""

    def __init__(self):
        self.calls, self.open = 0, 0
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listening.getsockname()[1]}/"
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        self.listening.close()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.listening.accept()
                self.calls += 1
                self.open += 1
                threading.Thread(target=self._drip, args=(connection,), daemon=True).start()

    def _drip(self, connection):
        with contextlib.suppress(OSError), connection:
            connection.recv(65536)
            connection.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
            while True:
                connection.sendall(b"x")
                time.sleep(0.5)
        self.open -= 1


@pytest.fixture
def dripping(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    dripping = Dripping()
    yield dripping
    dripping.close()


@pytest.fixture
def process(notify, tmp_path):
    """process(total_seconds) starts notify as it runs in production: one process, everything green."""
    with contextlib.ExitStack() as running:

        def start(total_seconds):
            environment = notify.environment("notify", FENGQIAO_PARTITIONS="2", TEST_TOTAL_SECONDS=str(total_seconds))
            return running.enter_context(Process(tmp_path / "notify.log", "tests.notify.sender", **environment))

        yield start
