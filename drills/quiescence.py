"""Finds out whether the system has finished its work: counts the work in progress in the services' tables and the broker's queues."""

import json
import urllib.request
from urllib.parse import urlsplit, urlunsplit

from contracts.channels import SUBSCRIPTIONS, service_of
from drills.checker import ProducerRecords, QueryRows

COUNT_LEFT = """
select (select count(*) from intake.log l where refused_for is null
           and not exists (select 1 from intake.receipts r where r.id = 'receipt/' || l.seq || '/outcome')) as undecided,
       (select count(*) from mediation.deadlines where next_check_at <= now() + interval '2 seconds') as deadlines
"""


def work_left(rows: QueryRows, records: ProducerRecords, with_deadlines: bool = True) -> dict[str, int]:
    """Return the work still in progress as {place: count}, without parked events. `with_deadlines`: count deadlines to check within 2 seconds as well."""
    undecided, deadlines = rows(COUNT_LEFT)[0]
    counts = {"undecided": undecided, "deadlines to check": deadlines if with_deadlines else 0}
    known = {event for (event,) in rows("select event_id from intake.log")} | {event for (event,) in rows("select event_id from intake.parked")}
    counts["not processed by intake"] = len(records.acknowledged - known)
    for service, streams in SUBSCRIPTIONS.items():
        counts[f"outbox of {service}"] = rows(f"select count(*) from {service}.outbox")[0][0]
        counts[f"waiting at {service}"] = rows(f"select count(*) from {service}.waiting w where not exists (select 1 from {service}.parked p"
                                              " where (p.source, p.subject) = (w.source, w.subject) and p.status = 'parked')")[0][0]  # fmt: skip
        counts[f"retried by {service}"] = rows(f"select count(*) from {service}.parked where status = 'retry'")[0][0]
        for stream in streams:
            counts[f"{stream} to {service}"] = rows(
                f"select count(*) from {service_of(stream)}.spoken s left join {service}.heard h on h.source = s.source and h.subject = s.subject"
                " where s.source = %s and coalesce(h.last_sequence, 0) < s.last_sequence and not coalesce(h.blocked, false)", stream
            )[0][0]  # fmt: skip
    return {place: count for place, count in counts.items() if count}


def queue_lengths(management: str) -> dict[str, int]:
    """Return the number of messages in each queue, from the broker's management API. The broker updates it every few seconds."""
    parts = urlsplit(management)
    account, _, host = parts.netloc.rpartition("@")
    user, _, password = account.partition(":")
    passwords = urllib.request.HTTPPasswordMgrWithDefaultRealm()
    url = urlunsplit(parts._replace(netloc=host, path="/api/queues/fengqiao", query="columns=name,messages"))
    passwords.add_password(None, url, user, password)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPBasicAuthHandler(passwords))
    with opener.open(url, timeout=10) as response:
        return {queue["name"]: queue.get("messages", 0) for queue in json.load(response)}


def queued_messages(counts: dict[str, int], agencies: set[str]) -> dict[str, int]:
    """Return the queues with messages, without the inboxes of agencies that no producer simulates."""
    inboxes = {f"agency.{agency}" for agency in agencies}
    return {name: count for name, count in counts.items() if count and (not name.startswith("agency.") or name in inboxes)}
