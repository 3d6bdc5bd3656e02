"""Does a notice reach an agency's own address, provably ours, and what if the address is gone?"""

import hashlib
import hmac
import json
import socket
import threading

import psycopg2
import pytest

from services.notify import webhook
from services.notify.service import TRIES
from tests.notify.conftest import said
from tests.notify.test_ledger import ledger, outbox


def statuses(notify):
    return notify.rows("select addressee, status, attempts, why from notify.notices where channel = 'webhook' order by addressee")


def time_comes(notify):
    """As if the next try were due."""
    notify.rows("update notify.notices set next_try_at = now() where status = 'waiting'")


def test_the_same_event_as_in_the_inbox_signed(service, notify, hook, address):
    secret = hook("court", f"{address.url}/notices")
    service.on_events([said(1, "deadline.set", owed_by=["court"])])
    service.send_webhooks()

    ((path, headers, body),) = address.posted
    assert path == "/notices" and headers["Content-Type"] == "application/cloudevents+json"
    assert headers["Fengqiao-Signature"] == "sha256=" + hmac.new(secret, body, hashlib.sha256).hexdigest()
    (letter,) = outbox(notify, "inboxes")
    assert {name: json.loads(body)[name] for name in ("id", "type", "subject", "source", "data")} == {
        name: letter[name] for name in ("id", "type", "subject", "source", "data")
    }
    assert statuses(notify) == [("court", "sent", 1, None)]
    assert [fact["data"]["channel"] for fact in outbox(notify, "notify.events")] == ["inbox", "webhook"]


def test_only_who_asked_for_it_gets_it(service, notify, hook, address):
    hook("court", address.url)
    service.on_events([said(1, "deadline.set", owed_by=["police"])])
    service.send_webhooks()

    assert address.posted == [] and ledger(notify)[0][3] == "inbox"


def test_what_was_sent_is_not_sent_again(service, hook, address):
    hook("court", address.url)
    service.on_events([said(1, "deadline.set", owed_by=["court"])])
    service.send_webhooks()
    service.send_webhooks()
    service.on_events([said(1, "deadline.set", owed_by=["court"])])
    service.send_webhooks()

    assert len(address.posted) == 1


@pytest.mark.parametrize("answer", [500, 503, 404, 302, 300])
def test_an_address_that_says_no_is_tried_again_later_and_longer(service, notify, hook, address, answer):
    hook("court", address.url)
    address.answers = [answer, answer]
    service.on_events([said(1, "deadline.set", owed_by=["court"])])
    service.send_webhooks()
    assert statuses(notify) == [("court", "waiting", 1, "refused_by_peer")]
    service.send_webhooks()  # its time has not come
    assert len(address.posted) == 1

    waits = []
    for _ in range(2):
        waits.append(notify.rows("select extract(epoch from next_try_at - now())::int from notify.notices where status = 'waiting'")[0][0])
        time_comes(notify)
        service.send_webhooks()
    assert 3 <= waits[0] <= 5 and 8 <= waits[1] <= 10
    assert statuses(notify) == [("court", "sent", 3, None)] and len(address.posted) == 3
    assert [path for path, _, _ in address.posted] == ["/"] * 3  # a redirect is not followed: the notice is for the address that was set


def test_an_address_that_is_gone_is_given_up_in_the_end_and_said(service, notify, hook, address):
    hook("court", "http://127.0.0.1:9/")
    service.on_events([said(1, "deadline.set", owed_by=["court"])])
    for _ in range(TRIES):
        time_comes(notify)
        service.send_webhooks()

    assert statuses(notify) == [("court", "undeliverable", TRIES, "timed_out")]
    last = outbox(notify, "notify.events")[-1]
    assert (last["type"], last["data"]["why"], last["data"]["to"], last["data"]["channel"]) == ("notice.undeliverable", "timed_out", "court", "webhook")
    service.send_webhooks()
    assert statuses(notify) == [("court", "undeliverable", TRIES, "timed_out")]


def test_an_address_that_was_taken_away_meanwhile_is_undeliverable(service, notify, hook, address):
    hook("court", address.url)
    service.on_events([said(1, "deadline.set", owed_by=["court"])])
    notify.rows("delete from notify.webhooks")
    service.send_webhooks()

    assert statuses(notify) == [("court", "undeliverable", 1, "no_address")]
    assert address.posted == []


def test_a_slow_address_is_left(service, notify, hook, address, monkeypatch):
    monkeypatch.setattr(webhook, "TIMEOUT", (0.2, 0.2))
    with socket.create_server(("127.0.0.1", 0)) as silent:  # takes the call and says nothing
        hook("court", f"http://127.0.0.1:{silent.getsockname()[1]}/")
        service.on_events([said(1, "deadline.set", owed_by=["court"])])
        service.send_webhooks()

    assert statuses(notify) == [("court", "waiting", 1, "timed_out")]


def test_two_senders_do_not_send_the_same_letter(service, notify, hook, address):
    hook("court", address.url)
    for n in range(1, 9):
        service.on_events([said(n, "deadline.approached", owed_by=["court"])])
    threads = [threading.Thread(target=service.send_webhooks) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    ids = [json.loads(body)["id"] for _, _, body in address.posted]
    assert len(ids) == 8 and len(set(ids)) == 8


def test_the_secret_lies_sealed(notify, hook):
    hook("court", "http://127.0.0.1:9/", b"a-secret-of-the-court")

    assert b"a-secret-of-the-court" not in bytes(notify.rows("select secret from notify.webhooks")[0][0])


@pytest.mark.parametrize("url", ["ftp://x", "file:///etc/passwd", "javascript:1", ""])
def test_only_http_addresses_are_taken(hook, url):
    with pytest.raises(psycopg2.errors.CheckViolation):
        hook("court", url)
