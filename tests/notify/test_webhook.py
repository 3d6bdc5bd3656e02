"""Does a notice reach an agency's own address, provably ours, and what if the address is gone?"""

import hashlib
import hmac
import json
import os
import socket
import subprocess
import sys
import threading

import psycopg2
import pytest

from deploy.files import ROOT
from plumbing.jobs import Jobs
from services.notify import webhook
from services.notify.retries import TRIES, rest_after
from services.notify.service import NotifyService
from tests.county import wait_until
from tests.notify.conftest import CODE, said
from tests.notify.test_ledger import ledger, outbox


def statuses(notify):
    return notify.rows("select addressee, status, attempts, why from notify.notices where channel = 'webhook' order by addressee")


def time_comes(notify):
    """As if the next try were due, the addresses had rested, and leases had run out."""
    notify.rows("update notify.notices set next_try_at = now() where status = 'waiting'; update notify.webhooks set free_at = now()")


def sent_by_webhook(notify):
    return [fact for fact in outbox(notify, "notify.events") if fact["type"] == "notice.sent" and fact["data"]["channel"] == "webhook"]


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

    assert statuses(notify) == [("court", "undeliverable", TRIES, "connection_refused")]
    last = outbox(notify, "notify.events")[-1]
    assert (last["type"], last["data"]["why"], last["data"]["to"], last["data"]["channel"]) == (
        "notice.undeliverable",
        "connection_refused",
        "court",
        "webhook",
    )
    service.send_webhooks()
    assert statuses(notify) == [("court", "undeliverable", TRIES, "connection_refused")]


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
    senders = []
    for _ in range(3):  # as three processes
        senders.append(NotifyService())
        senders[-1].db, senders[-1].calls = service.db, Jobs(4)
    threads = [threading.Thread(target=sender.send_webhooks) for sender in senders]
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


# ── one address and the others ────────────────────────────────────────────────────────────────────────────────────────


def test_a_dripping_address_holds_up_no_other(service, notify, hook, address, dripping, process):
    """The limit of a single read never ends such a call."""
    hook("court", dripping.url)
    hook("police", address.url)
    service.on_events([said(n, "deadline.approached", owed_by=["court"]) for n in range(1, 4)])
    process(30)
    wait_until(lambda: dripping.open, what="the call was under way")
    service.on_events([said(n, "deadline.approached", owed_by=["police"]) for n in range(4, 7)])

    wait_until(lambda: len(address.posted) == 3, what="the other agency's notices arrived")
    assert (dripping.calls, dripping.open) == (1, 1)


def test_a_dripping_address_is_left_after_the_total_time(service, notify, hook, dripping, process):
    hook("court", dripping.url)
    service.on_events([said(n, "deadline.approached", owed_by=["court"]) for n in range(1, 4)])
    process(2)

    wait_until(lambda: statuses(notify)[0][2] == 1, what="the call was given up")
    assert statuses(notify) == [("court", "waiting", 1, "timed_out")] * 3  # one call stands for all of them
    wait_until(lambda: not dripping.open, what="the connection was closed")


def test_no_transaction_is_open_during_a_call(service, notify, hook, dripping, process):
    hook("court", dripping.url)
    service.on_events([said(1, "deadline.set", owed_by=["court"])])
    process(30)
    wait_until(lambda: dripping.open, what="the call was under way")
    ((began,),) = notify.rows("select now()")

    notify.rows("select 1 from notify.notices for update nowait")
    notify.rows("select 1 from notify.webhooks for update nowait")
    older = "select 1 from pg_stat_activity where datname = current_database() and usename like '%%notify%%' and xact_start <= %s and pid <> pg_backend_pid()"
    wait_until(lambda: not notify.rows(older, began), seconds=10, what="no transaction that began before the call was open")
    assert dripping.open == 1


def test_a_sender_that_is_killed_during_a_call_leaves_the_letter_to_another(service, notify, hook, address, dripping, process):
    hook("court", dripping.url)
    service.on_events([said(1, "deadline.set", owed_by=["court"])])
    first = process(30)
    wait_until(lambda: dripping.open, what="the call was under way")
    notify.rows("update notify.webhooks set url = %s", address.url)  # the same server, in order again
    service.send_webhooks()
    assert address.posted == []  # the first sender has it

    first.popen.kill()
    first.popen.wait()
    service.send_webhooks()
    assert address.posted == []  # its lease goes on
    time_comes(notify)
    service.send_webhooks()
    service.send_webhooks()
    assert [json.loads(body)["id"] for _, _, body in address.posted] == [letter["id"] for letter in outbox(notify, "inboxes")]
    assert statuses(notify) == [("court", "sent", 1, None)] and len(sent_by_webhook(notify)) == 1


def test_asked_to_stop_it_ends_with_the_calls_under_way_settled(service, notify, hook, dripping, process):
    hook("court", dripping.url)
    service.on_events([said(1, "deadline.set", owed_by=["court"])])
    running = process(8)
    wait_until(lambda: dripping.open, what="the call was under way")
    running.wait_ready()
    running.ask_to_stop()

    assert running.ends(60) == 0
    assert statuses(notify) == [("court", "waiting", 1, "timed_out")]
    assert notify.rows("select failures, free_at < now() + interval '6 seconds' from notify.webhooks") == [(1, True)]


def test_what_two_senders_sent_after_all_is_said_once(service, notify, hook, address, monkeypatch):
    """The lease ran out during a call: another one sent the letter too."""
    hook("court", address.url)
    service.on_events([said(1, "deadline.set", owed_by=["court"])])
    send, other = webhook.send, NotifyService()
    other.db, other.calls = service.db, Jobs(4)

    def send_while_another_does(*args):
        monkeypatch.setattr(webhook, "send", send)
        time_comes(notify)
        thread = threading.Thread(target=other.send_webhooks)
        thread.start()
        thread.join(20)
        send(*args)

    monkeypatch.setattr(webhook, "send", send_while_another_does)
    service.send_webhooks()

    assert len(address.posted) == 2 and len(sent_by_webhook(notify)) == 1
    assert statuses(notify) == [("court", "sent", 1, None)]


@pytest.mark.parametrize("answer", [503, 429])
def test_many_letters_to_an_address_that_takes_none_cost_one_call_each_time(service, notify, hook, address, answer):
    hook("court", address.url)
    address.answers = [answer] * TRIES
    service.on_events([said(n, "deadline.approached", owed_by=["court"]) for n in range(1, 51)])
    for tries in range(1, TRIES):
        service.send_webhooks()
        assert statuses(notify) == [("court", "waiting", tries, "refused_by_peer")] * 50 and len(address.posted) == tries
        ((rests,),) = notify.rows("select free_at - now() from notify.webhooks")
        assert rest_after(tries) * 0.8 <= rests <= rest_after(tries)
        time_comes(notify)
    service.send_webhooks()

    assert statuses(notify) == [("court", "undeliverable", TRIES, "refused_by_peer")] * 50 and len(address.posted) == TRIES
    given_up = [fact for fact in outbox(notify, "notify.events") if fact["type"] == "notice.undeliverable"]
    assert len(given_up) == 50 and {fact["subject"] for fact in given_up} == {CODE}


def test_a_new_letter_to_a_resting_address_waits_too(service, notify, hook, address):
    hook("court", address.url)
    address.answers = [503]
    service.on_events([said(1, "deadline.approached", owed_by=["court"])])
    service.send_webhooks()
    service.on_events([said(2, "deadline.approached", owed_by=["court"])])
    service.send_webhooks()

    assert len(address.posted) == 1
    time_comes(notify)
    service.send_webhooks()
    assert [status for _, status, _, _ in statuses(notify)] == ["sent", "sent"]


def test_a_letter_that_its_address_refuses_keeps_no_other_back(service, notify, hook, address):
    hook("court", address.url)
    address.answers = [400, 400, 400]
    service.on_events([said(n, "deadline.approached", owed_by=["court"]) for n in range(1, 11)])
    service.send_webhooks()

    assert sorted(status for _, status, _, _ in statuses(notify)) == ["sent"] * 7 + ["waiting"] * 3


def test_more_letters_than_go_at_once_all_go(service, notify, hook, address):
    hook("court", address.url)
    hook("police", f"{address.url}/police")
    service.on_events([said(n, "deadline.approached", owed_by=["court", "police"]) for n in range(1, 46)])
    service.send_webhooks()

    assert len(address.posted) == len(sent_by_webhook(notify)) == 90
    assert len({json.loads(body)["id"] for _, _, body in address.posted}) == 90


def test_a_new_address_is_called_at_once_and_gets_what_waits(service, notify, hook, address):
    hook("court", "http://127.0.0.1:9/")
    service.on_events([said(1, "deadline.set", owed_by=["court"])])
    service.send_webhooks()
    notify.rows("update notify.webhooks set free_at = now() + interval '5 minutes'; update notify.notices set next_try_at = now() where status = 'waiting'")
    hook("court", address.url)
    assert notify.rows("select failures, free_at <= now() + interval '60 seconds' from notify.webhooks") == [(0, True)]
    time_comes(notify)
    service.send_webhooks()

    assert statuses(notify) == [("court", "sent", 2, None)]


# ── what was the matter ───────────────────────────────────────────────────────────────────────────────────────────────


def why(url):
    with pytest.raises(webhook.NotDelivered) as problem:
        webhook.send(url, b"s", b"{}")
    return problem.value.why


def test_a_refused_connection_is_told_as_refused(address):
    assert why("http://127.0.0.1:9/") == "connection_refused"


def test_a_name_without_an_address_is_told_so(monkeypatch):
    def unknown(*_, **__):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    monkeypatch.setenv("NO_PROXY", "*")
    assert why("http://court.invalid/") == "unresolvable"


@pytest.mark.parametrize("url", ["http://[::1", "http://a" + "b" * 70 + ".test:99999999/", "http://"])
def test_an_address_that_is_none_is_told_so(url):
    assert why(url) == "unresolvable"


def test_a_server_without_tls_is_told_so(address):
    assert why(address.url.replace("http:", "https:")) == "tls_failed"


def test_a_connection_that_breaks_off_is_told_so(address):
    with socket.create_server(("127.0.0.1", 0)) as rude:

        def hang_up():
            connection, _ = rude.accept()
            connection.recv(10)
            connection.close()

        threading.Thread(target=hang_up, daemon=True).start()
        assert why(f"http://127.0.0.1:{rude.getsockname()[1]}/") == "connection_lost"


SILENT_NAMESERVER = """
import sys, warnings
warnings.simplefilter("ignore")
import eventlet
eventlet.monkey_patch()
import socket
from eventlet.support import greendns
from services.notify import webhook

nameserver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
nameserver.bind(("127.0.0.1", 0))
greendns.resolver._resolver = greendns.dns.resolver.Resolver(configure=False)
greendns.resolver._resolver.nameservers = ["127.0.0.1"]
greendns.resolver._resolver.port = nameserver.getsockname()[1]
webhook.TOTAL_SECONDS = 1.0
ticks = []
eventlet.spawn(lambda: [(ticks.append(1), eventlet.sleep(0.05)) for _ in range(1000)])
try:
    webhook.send("http://court.example/", b"s", b"{}")
except webhook.NotDelivered as problem:
    print(problem.why, len(ticks) > 3)
"""


def test_a_nameserver_that_does_not_answer_is_left_and_nobody_waits_for_it():
    environment = {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}
    done = subprocess.run([sys.executable, "-c", SILENT_NAMESERVER], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=True)

    assert done.stdout.split() == ["timed_out", "True"]
