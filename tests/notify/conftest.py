"""Fixtures for the tests of the service notify: its database tables, the service class without nameko, and HTTP servers as webhooks."""

import contextlib
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

import contracts
from plumbing import events
from plumbing.due_times import DueTimes
from plumbing.events import Delivery, DomainEvent, read
from plumbing.jobs import Jobs
from services.notify import sending, store
from services.notify.retries import LEASE_DURATION
from services.notify.service import NotifyService
from tests.plumbing.processes import Process

DISPUTE_CODE = "620702-2026-000123-1"


def mediation_event(sequence: int, event_type: str, subject: str = DISPUTE_CODE, **changed):
    """Return an event of the mediation service as notify receives it: the example in package contracts with `changed` fields."""
    data = contracts.DOMAIN_EVENTS[event_type].example | changed
    return read(Delivery(events.write("mediation", DomainEvent(event_type, subject, data), f"{subject}/{sequence}", events.utc_now(), sequence)))


@pytest.fixture
def notify_sandbox(sandbox):
    """The test database and virtual host (see tests/sandbox.py), with empty tables of notify."""
    sandbox.empty("notify")
    sandbox.rows("delete from notify.notices; delete from notify.webhooks")
    return sandbox


@pytest.fixture
def service(notify_sandbox, monkeypatch):
    """The service notify without nameko. Its method `send_webhooks` returns only when no notice is due, however slow the machine is."""
    monkeypatch.setattr(sending, "ROUND_SECONDS", 60.0)
    return make_service(notify_sandbox.pool("notify"))


def make_service(pool):
    """Return a service notify without nameko, which queries the database at every call of `send_webhooks`."""
    service = NotifyService()
    service.db, service.calls, service.webhook_times = pool, Jobs(4), DueTimes(interval=0)
    return service


@pytest.fixture
def set_webhook(service):
    """Function that sets the webhook of an agency, as an operator does, and returns the signing secret."""

    def set_webhook(agency, url, secret=b"s3cret"):
        with service.db.transaction() as tx:
            store.set_webhook(tx, agency, url, secret, LEASE_DURATION)
        return secret

    return set_webhook


class WebhookServer:
    """HTTP server of an agency. Records the requests; answers with the status codes in `answers` in turn, and then with 204."""

    def __init__(self):
        self.requests, self.answers = [], []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.requests.append((self.path, dict(self.headers), body))
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
def webhook_server(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")  # the test server must be reached directly, even if this machine uses a proxy
    webhook_server = WebhookServer()
    yield webhook_server
    webhook_server.server.shutdown()
    webhook_server.server.server_close()


class DrippingServer:
    """HTTP server that sends its response headers byte by byte without end, so that no single read times out."""

    def __init__(self):
        self.calls, self.open_calls = 0, 0
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.socket.getsockname()[1]}/"
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        self.socket.close()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.socket.accept()
                self.calls += 1
                self.open_calls += 1
                threading.Thread(target=self._drip, args=(connection,), daemon=True).start()

    def _drip(self, connection):
        with contextlib.suppress(OSError), connection:
            connection.recv(65536)
            connection.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
            while True:
                connection.sendall(b"x")
                time.sleep(0.5)
        self.open_calls -= 1


@pytest.fixture
def dripping_server(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    dripping_server = DrippingServer()
    yield dripping_server
    dripping_server.close()


@pytest.fixture
def start_notify_process(notify_sandbox, tmp_path):
    """Function that starts the service notify as in production, in a process with green threads, with this total time limit for a webhook call."""
    with contextlib.ExitStack() as running:

        def start(total_seconds):
            environment = notify_sandbox.environment("notify", FENGQIAO_PARTITIONS="2", TEST_TOTAL_SECONDS=str(total_seconds))
            return running.enter_context(Process(tmp_path / "notify.log", "tests.notify.sender", **environment))

        yield start
