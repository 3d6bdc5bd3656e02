"""Tests of webhooks: a signed notice reaches the agency's URL; failed calls are retried and do not delay notices to other agencies."""

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
from services.notify import webhook
from services.notify.retries import MAX_ATTEMPTS, retry_delay
from tests.county import wait_until
from tests.notify.conftest import DISPUTE_CODE, make_service, mediation_event
from tests.notify.test_ledger import load_ledger, load_outbox


def load_webhook_statuses(notify_sandbox):
    return notify_sandbox.rows("select addressee, status, attempts, why from notify.notices where channel = 'webhook' order by addressee")


def make_notices_due(notify_sandbox):
    """Make all waiting notices due, and end all leases and back-off times."""
    notify_sandbox.rows("update notify.notices set next_try_at = now() where status = 'waiting'; update notify.webhooks set free_at = now()")


def load_webhook_events(notify_sandbox):
    return [fact for fact in load_outbox(notify_sandbox, "notify.events") if fact["type"] == "notice.sent" and fact["data"]["channel"] == "webhook"]


def test_a_webhook_receives_the_notice_of_the_inbox_with_a_signature(service, notify_sandbox, set_webhook, webhook_server):
    secret = set_webhook("court", f"{webhook_server.url}/notices")
    service.on_events([mediation_event(1, "deadline.recomputed", owed_by=["court"])])
    service.send_webhooks()

    ((path, headers, body),) = webhook_server.requests
    assert path == "/notices" and headers["Content-Type"] == "application/cloudevents+json"
    assert headers["Fengqiao-Signature"] == "sha256=" + hmac.new(secret, body, hashlib.sha256).hexdigest()
    (notice,) = load_outbox(notify_sandbox, "inboxes")
    assert {name: json.loads(body)[name] for name in ("id", "type", "subject", "source", "data")} == {
        name: notice[name] for name in ("id", "type", "subject", "source", "data")
    }
    assert load_webhook_statuses(notify_sandbox) == [("court", "sent", 1, None)]
    assert [fact["data"]["channel"] for fact in load_outbox(notify_sandbox, "notify.events")] == ["inbox", "webhook"]


def test_no_webhook_call_is_made_for_an_agency_without_a_webhook(service, notify_sandbox, set_webhook, webhook_server):
    set_webhook("court", webhook_server.url)
    service.on_events([mediation_event(1, "deadline.recomputed", owed_by=["police"])])
    service.send_webhooks()

    assert webhook_server.requests == [] and load_ledger(notify_sandbox)[0][3] == "inbox"


def test_a_notice_that_was_sent_by_webhook_is_not_sent_again(service, set_webhook, webhook_server):
    set_webhook("court", webhook_server.url)
    service.on_events([mediation_event(1, "deadline.recomputed", owed_by=["court"])])
    service.send_webhooks()
    service.send_webhooks()
    service.on_events([mediation_event(1, "deadline.recomputed", owed_by=["court"])])
    service.send_webhooks()

    assert len(webhook_server.requests) == 1


@pytest.mark.parametrize("answer", [500, 503, 404, 302, 300])
def test_a_notice_that_a_webhook_refuses_is_retried_with_growing_delays(service, notify_sandbox, set_webhook, webhook_server, answer):
    set_webhook("court", webhook_server.url)
    webhook_server.answers = [answer, answer]
    service.on_events([mediation_event(1, "deadline.recomputed", owed_by=["court"])])
    service.send_webhooks()
    assert load_webhook_statuses(notify_sandbox) == [("court", "waiting", 1, "refused_by_peer")]
    service.send_webhooks()  # makes no call, because the notice is not due yet
    assert len(webhook_server.requests) == 1

    waits = []
    for _ in range(2):
        waits.append(notify_sandbox.rows("select extract(epoch from next_try_at - now())::int from notify.notices where status = 'waiting'")[0][0])
        make_notices_due(notify_sandbox)
        service.send_webhooks()
    assert 3 <= waits[0] <= 5 and 8 <= waits[1] <= 10
    assert load_webhook_statuses(notify_sandbox) == [("court", "sent", 3, None)] and len(webhook_server.requests) == 3
    assert [path for path, _, _ in webhook_server.requests] == ["/"] * 3  # redirects are not followed: every request has the original path


def test_a_notice_to_an_unreachable_webhook_is_given_up_and_published_as_undeliverable(service, notify_sandbox, set_webhook, webhook_server):
    set_webhook("court", "http://127.0.0.1:9/")
    service.on_events([mediation_event(1, "deadline.recomputed", owed_by=["court"])])
    for _ in range(MAX_ATTEMPTS):
        make_notices_due(notify_sandbox)
        service.send_webhooks()

    assert load_webhook_statuses(notify_sandbox) == [("court", "undeliverable", MAX_ATTEMPTS, "connection_refused")]
    last = load_outbox(notify_sandbox, "notify.events")[-1]
    assert (last["type"], last["data"]["why"], last["data"]["to"], last["data"]["channel"]) == (
        "notice.undeliverable",
        "connection_refused",
        "court",
        "webhook",
    )
    service.send_webhooks()
    assert load_webhook_statuses(notify_sandbox) == [("court", "undeliverable", MAX_ATTEMPTS, "connection_refused")]


def test_a_waiting_notice_becomes_undeliverable_if_the_webhook_is_removed(service, notify_sandbox, set_webhook, webhook_server):
    set_webhook("court", webhook_server.url)
    service.on_events([mediation_event(1, "deadline.recomputed", owed_by=["court"])])
    notify_sandbox.rows("delete from notify.webhooks")
    service.send_webhooks()

    assert load_webhook_statuses(notify_sandbox) == [("court", "undeliverable", 1, "no_address")]
    assert webhook_server.requests == []


def test_a_webhook_call_to_a_server_that_does_not_answer_times_out(service, notify_sandbox, set_webhook, webhook_server, monkeypatch):
    monkeypatch.setattr(webhook, "TIMEOUTS", (0.2, 0.2))
    with socket.create_server(("127.0.0.1", 0)) as silent:  # the operating system accepts the connection, and no answer is sent
        set_webhook("court", f"http://127.0.0.1:{silent.getsockname()[1]}/")
        service.on_events([mediation_event(1, "deadline.recomputed", owed_by=["court"])])
        service.send_webhooks()

    assert load_webhook_statuses(notify_sandbox) == [("court", "waiting", 1, "timed_out")]


def test_concurrent_webhook_senders_do_not_send_the_same_notice_twice(service, notify_sandbox, set_webhook, webhook_server):
    set_webhook("court", webhook_server.url)
    for n in range(1, 9):
        service.on_events([mediation_event(n, "deadline.approached", owed_by=["court"])])
    senders = []
    for _ in range(3):  # simulates three processes
        senders.append(make_service(service.db))
    threads = [threading.Thread(target=sender.send_webhooks) for sender in senders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    ids = [json.loads(body)["id"] for _, _, body in webhook_server.requests]
    assert len(ids) == 8 and len(set(ids)) == 8


def test_the_signing_secret_of_a_webhook_is_stored_encrypted(notify_sandbox, set_webhook):
    set_webhook("court", "http://127.0.0.1:9/", b"a-secret-of-the-court")

    assert b"a-secret-of-the-court" not in bytes(notify_sandbox.rows("select secret from notify.webhooks")[0][0])


@pytest.mark.parametrize("url", ["ftp://x", "file:///etc/passwd", "javascript:1", ""])
def test_only_http_urls_are_accepted_as_webhooks(set_webhook, url):
    with pytest.raises(psycopg2.errors.CheckViolation):
        set_webhook("court", url)


# ── slow and unavailable addresses ────────────────────────────────────────────────────────────────────────────────────────


def test_an_endless_webhook_response_does_not_delay_notices_to_other_agencies(
    service, notify_sandbox, set_webhook, webhook_server, dripping_server, start_notify_process
):
    """An agency's server sends its response byte by byte without end, so that the timeout of a single read does not end the call."""
    set_webhook("court", dripping_server.url)
    set_webhook("police", webhook_server.url)
    service.on_events([mediation_event(n, "deadline.approached", owed_by=["court"]) for n in range(1, 4)])
    start_notify_process(30)
    wait_until(lambda: dripping_server.open_calls, what="the call was under way")
    service.on_events([mediation_event(n, "deadline.approached", owed_by=["police"]) for n in range(4, 7)])

    wait_until(lambda: len(webhook_server.requests) == 3, what="the other agency's notices arrived")
    assert (dripping_server.calls, dripping_server.open_calls) == (1, 1)


def test_an_endless_webhook_response_is_ended_by_the_total_time_limit(service, notify_sandbox, set_webhook, dripping_server, start_notify_process):
    set_webhook("court", dripping_server.url)
    service.on_events([mediation_event(n, "deadline.approached", owed_by=["court"]) for n in range(1, 4)])
    start_notify_process(2)

    wait_until(lambda: load_webhook_statuses(notify_sandbox)[0][2] == 1, what="the call was given up")
    assert load_webhook_statuses(notify_sandbox) == [("court", "waiting", 1, "timed_out")] * 3  # one failed call counts for all due notices
    wait_until(lambda: not dripping_server.open_calls, what="the connection was closed")


def test_no_database_transaction_is_open_during_a_webhook_call(service, notify_sandbox, set_webhook, dripping_server, start_notify_process):
    set_webhook("court", dripping_server.url)
    service.on_events([mediation_event(1, "deadline.recomputed", owed_by=["court"])])
    start_notify_process(30)
    wait_until(lambda: dripping_server.open_calls, what="the call was under way")
    ((began,),) = notify_sandbox.rows("select now()")

    notify_sandbox.rows("select 1 from notify.notices for update nowait")
    notify_sandbox.rows("select 1 from notify.webhooks for update nowait")
    older = "select 1 from pg_stat_activity where datname = current_database() and usename like '%%notify%%' and xact_start <= %s and pid <> pg_backend_pid()"
    wait_until(lambda: not notify_sandbox.rows(older, began), seconds=10, what="no transaction that began before the call was open")
    assert dripping_server.open_calls == 1


def test_the_notice_of_a_killed_sender_is_sent_by_another_sender_after_the_lease_expires(
    service, notify_sandbox, set_webhook, webhook_server, dripping_server, start_notify_process
):
    set_webhook("court", dripping_server.url)
    service.on_events([mediation_event(1, "deadline.recomputed", owed_by=["court"])])
    first = start_notify_process(30)
    wait_until(lambda: dripping_server.open_calls, what="the call was under way")
    notify_sandbox.rows("update notify.webhooks set url = %s", webhook_server.url)  # replaced by a webhook that answers
    service.send_webhooks()
    assert webhook_server.requests == []  # no call, because the first sender holds the lease

    first.popen.kill()
    first.popen.wait()
    service.send_webhooks()
    assert webhook_server.requests == []  # no call, because the lease has not expired yet
    make_notices_due(notify_sandbox)
    service.send_webhooks()
    service.send_webhooks()
    assert [json.loads(body)["id"] for _, _, body in webhook_server.requests] == [notice["id"] for notice in load_outbox(notify_sandbox, "inboxes")]
    assert load_webhook_statuses(notify_sandbox) == [("court", "sent", 1, None)] and len(load_webhook_events(notify_sandbox)) == 1


def test_a_stopping_service_waits_for_running_webhook_calls_and_records_their_results(
    service, notify_sandbox, set_webhook, dripping_server, start_notify_process
):
    set_webhook("court", dripping_server.url)
    service.on_events([mediation_event(1, "deadline.recomputed", owed_by=["court"])])
    running = start_notify_process(8)
    wait_until(lambda: dripping_server.open_calls, what="the call was under way")
    running.wait_ready()
    running.send_stop_signal()

    assert running.wait_for_exit(60) == 0
    assert load_webhook_statuses(notify_sandbox) == [("court", "waiting", 1, "timed_out")]
    assert notify_sandbox.rows("select failures, free_at < now() + interval '6 seconds' from notify.webhooks") == [(1, True)]


def test_a_notice_that_two_senders_send_is_published_as_sent_only_once(service, notify_sandbox, set_webhook, webhook_server, monkeypatch):
    """The lease of a sender expires during its call, and another sender sends the same notice."""
    set_webhook("court", webhook_server.url)
    service.on_events([mediation_event(1, "deadline.recomputed", owed_by=["court"])])
    send, other = webhook.send, make_service(service.db)

    def send_after_another_sender(*args):
        monkeypatch.setattr(webhook, "send", send)
        make_notices_due(notify_sandbox)
        thread = threading.Thread(target=other.send_webhooks)
        thread.start()
        thread.join(20)
        send(*args)

    monkeypatch.setattr(webhook, "send", send_after_another_sender)
    service.send_webhooks()

    assert len(webhook_server.requests) == 2 and len(load_webhook_events(notify_sandbox)) == 1
    assert load_webhook_statuses(notify_sandbox) == [("court", "sent", 1, None)]


@pytest.mark.parametrize("answer", [503, 429])
def test_an_unavailable_webhook_gets_one_call_per_attempt_for_all_its_due_notices(service, notify_sandbox, set_webhook, webhook_server, answer):
    set_webhook("court", webhook_server.url)
    webhook_server.answers = [answer] * MAX_ATTEMPTS
    service.on_events([mediation_event(n, "deadline.approached", owed_by=["court"]) for n in range(1, 51)])
    for attempts in range(1, MAX_ATTEMPTS):
        service.send_webhooks()
        assert load_webhook_statuses(notify_sandbox) == [("court", "waiting", attempts, "refused_by_peer")] * 50 and len(webhook_server.requests) == attempts
        ((back_off,),) = notify_sandbox.rows("select free_at - now() from notify.webhooks")
        assert retry_delay(attempts) * 0.8 <= back_off <= retry_delay(attempts)
        make_notices_due(notify_sandbox)
    service.send_webhooks()

    assert (
        load_webhook_statuses(notify_sandbox) == [("court", "undeliverable", MAX_ATTEMPTS, "refused_by_peer")] * 50
        and len(webhook_server.requests) == MAX_ATTEMPTS
    )
    given_up = [fact for fact in load_outbox(notify_sandbox, "notify.events") if fact["type"] == "notice.undeliverable"]
    assert len(given_up) == 50 and {fact["subject"] for fact in given_up} == {DISPUTE_CODE}


def test_a_new_notice_waits_until_the_back_off_of_its_webhook_has_ended(service, notify_sandbox, set_webhook, webhook_server):
    set_webhook("court", webhook_server.url)
    webhook_server.answers = [503]
    service.on_events([mediation_event(1, "deadline.approached", owed_by=["court"])])
    service.send_webhooks()
    service.on_events([mediation_event(2, "deadline.approached", owed_by=["court"])])
    service.send_webhooks()

    assert len(webhook_server.requests) == 1
    make_notices_due(notify_sandbox)
    service.send_webhooks()
    assert [status for _, status, _, _ in load_webhook_statuses(notify_sandbox)] == ["sent", "sent"]


def test_a_refused_notice_does_not_delay_other_notices_to_the_same_webhook(service, notify_sandbox, set_webhook, webhook_server):
    set_webhook("court", webhook_server.url)
    webhook_server.answers = [400, 400, 400]
    service.on_events([mediation_event(n, "deadline.approached", owed_by=["court"]) for n in range(1, 11)])
    service.send_webhooks()

    assert sorted(status for _, status, _, _ in load_webhook_statuses(notify_sandbox)) == ["sent"] * 7 + ["waiting"] * 3


def test_all_notices_are_sent_even_if_one_lease_does_not_allow_enough_calls(service, notify_sandbox, set_webhook, webhook_server):
    set_webhook("court", webhook_server.url)
    set_webhook("police", f"{webhook_server.url}/police")
    service.on_events([mediation_event(n, "deadline.approached", owed_by=["court", "police"]) for n in range(1, 46)])
    service.send_webhooks()

    assert len(webhook_server.requests) == len(load_webhook_events(notify_sandbox)) == 90
    assert len({json.loads(body)["id"] for _, _, body in webhook_server.requests}) == 90


def test_waiting_notices_are_sent_to_a_replaced_webhook_url_without_back_off(service, notify_sandbox, set_webhook, webhook_server):
    set_webhook("court", "http://127.0.0.1:9/")
    service.on_events([mediation_event(1, "deadline.recomputed", owed_by=["court"])])
    service.send_webhooks()
    notify_sandbox.rows(
        "update notify.webhooks set free_at = now() + interval '5 minutes'; update notify.notices set next_try_at = now() where status = 'waiting'"
    )
    set_webhook("court", webhook_server.url)
    assert notify_sandbox.rows("select failures, free_at <= now() + interval '60 seconds' from notify.webhooks") == [(0, True)]
    make_notices_due(notify_sandbox)
    service.send_webhooks()

    assert load_webhook_statuses(notify_sandbox) == [("court", "sent", 2, None)]


# ── reasons of failures ───────────────────────────────────────────────────────────────────────────────────────────────


def failure_reason(url):
    with pytest.raises(webhook.NotDelivered) as failure:
        webhook.send(url, b"s", b"{}")
    return failure.value.why


def test_a_refused_connection_gives_the_reason_connection_refused(webhook_server):
    assert failure_reason("http://127.0.0.1:9/") == "connection_refused"


def test_an_unknown_host_name_gives_the_reason_unresolvable(monkeypatch):
    def raise_unknown_host(*_, **__):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", raise_unknown_host)
    monkeypatch.setenv("NO_PROXY", "*")
    assert failure_reason("http://court.invalid/") == "unresolvable"


@pytest.mark.parametrize("url", ["http://[::1", "http://a" + "b" * 70 + ".test:99999999/", "http://"])
def test_a_malformed_url_gives_the_reason_unresolvable(url):
    assert failure_reason(url) == "unresolvable"


def test_an_https_call_to_a_server_without_tls_gives_the_reason_tls_failed(webhook_server):
    assert failure_reason(webhook_server.url.replace("http:", "https:")) == "tls_failed"


def test_a_connection_closed_without_an_answer_gives_the_reason_connection_lost(webhook_server):
    with socket.create_server(("127.0.0.1", 0)) as server:

        def close_after_request():
            connection, _ = server.accept()
            connection.recv(10)
            connection.close()

        threading.Thread(target=close_after_request, daemon=True).start()
        assert failure_reason(f"http://127.0.0.1:{server.getsockname()[1]}/") == "connection_lost"


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
webhook.TOTAL_TIMEOUT_SECONDS = 1.0
ticks = []
eventlet.spawn(lambda: [(ticks.append(1), eventlet.sleep(0.05)) for _ in range(1000)])
try:
    webhook.send("http://court.example/", b"s", b"{}")
except webhook.NotDelivered as failure:
    print(failure.why, len(ticks) > 3)
"""


def test_a_lookup_at_a_silent_nameserver_times_out_without_blocking_other_green_threads():
    environment = {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}
    done = subprocess.run([sys.executable, "-c", SILENT_NAMESERVER], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=True)

    assert done.stdout.split() == ["timed_out", "True"]
