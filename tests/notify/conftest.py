"""What the tests of notify share: its own tables in a database apart, the service without anything around it, an address that listens."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

import contracts
from plumbing import events
from plumbing.events import Delivery, Said, read
from services.notify import store
from services.notify.service import NotifyService

CODE = "620702-2026-000123-1"


def said(sequence: int, word: str, subject: str = CODE, **changed):
    """What mediation said, as notify hears it."""
    data = contracts.DOMAIN_EVENTS[word].example | changed
    return read(Delivery(events.write("mediation", Said(word, subject, data), f"{subject}/{sequence}", events.utc_now(), sequence)))


@pytest.fixture
def notify(apart):
    """notify's schema with nothing in it."""
    apart.empty("notify")
    apart.rows("delete from notify.notices; delete from notify.webhooks")
    return apart


@pytest.fixture
def service(notify):
    service = NotifyService()
    service.db = notify.pool("notify")
    return service


@pytest.fixture
def hook(service):
    """hook(agency, url) is what an operator sets; it gives the secret."""

    def hook(agency, url, secret=b"s3cret"):
        with service.db.transaction() as tx:
            store.set_webhook(tx, agency, url, secret)
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
