"""Counts of the work in progress in the services' tables and the broker's queues, from which the drill sees whether the system has finished its work."""

import json
import urllib.request
from urllib.parse import urlsplit, urlunsplit

from contracts.channels import SUBSCRIPTIONS, service_of
from drills.checker import ProducerRecords, QueryRows

COUNT_UNDECIDED = """
select count(*) from intake.log l where refused_for is null and not exists (select 1 from intake.receipts r where r.id = 'receipt/' || l.seq || '/outcome')
"""
COUNT_DEADLINES = "select count(*) from mediation.deadlines where next_check_at <= now() + interval '2 seconds'"


def count_work_in_progress(query_rows: QueryRows, records: ProducerRecords, with_deadlines: bool = True) -> dict[str, int]:
    """Return the work in progress as {name of the table or queue: number of events}, without parked events.

    Events that intake has not processed or mediation has not decided are counted only if there is no other work, because these counts read whole tables.
    `with_deadlines`: whether to count deadlines whose next check is due within 2 seconds, too.
    """
    counts = {"deadlines to check": query_rows(COUNT_DEADLINES)[0][0] if with_deadlines else 0}
    for service, streams in SUBSCRIPTIONS.items():
        counts[f"outbox of {service}"] = query_rows(f"select count(*) from {service}.outbox")[0][0]
        counts[f"waiting at {service}"] = query_rows(f"select count(*) from {service}.waiting w where not exists (select 1 from {service}.parked p"
                                              " where (p.source, p.subject) = (w.source, w.subject) and p.status = 'parked')")[0][0]  # fmt: skip
        counts[f"retried by {service}"] = query_rows(f"select count(*) from {service}.parked where status = 'retry'")[0][0]
        for stream in streams:
            counts[f"{stream} to {service}"] = query_rows(
                f"select count(*) from {service_of(stream)}.spoken s left join {service}.heard h on h.source = s.source and h.subject = s.subject"
                " where s.source = %s and coalesce(h.last_sequence, 0) < s.last_sequence and not coalesce(h.blocked, false)", stream
            )[0][0]  # fmt: skip
    if not any(counts.values()):
        known_events = {event for (event,) in query_rows("select event_id from intake.log union all select event_id from intake.parked")}
        counts = {
            "not processed by intake": sum(event not in known_events for event in records.acknowledged_ids),
            "undecided": query_rows(COUNT_UNDECIDED)[0][0],
        }
    return {place: count for place, count in counts.items() if count}


def queue_lengths(management: str) -> dict[str, int]:
    """Return {queue: number of messages} from the broker's management API, whose numbers are updated every few seconds."""
    parts = urlsplit(management)
    account, _, host = parts.netloc.rpartition("@")
    user, _, password = account.partition(":")
    passwords = urllib.request.HTTPPasswordMgrWithDefaultRealm()
    url = urlunsplit(parts._replace(netloc=host, path="/api/queues/fengqiao", query="columns=name,messages"))
    passwords.add_password(None, url, user, password)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPBasicAuthHandler(passwords))
    with opener.open(url, timeout=10) as response:
        return {queue["name"]: queue.get("messages", 0) for queue in json.load(response)}


def nonempty_queues(counts: dict[str, int], agencies: set[str]) -> dict[str, int]:
    """Return the queues that contain messages. Of the inboxes, count only those of `agencies`: no producer reads the others."""
    inboxes = {f"agency.{agency}" for agency in agencies}
    return {name: count for name, count in counts.items() if count and (not name.startswith("agency.") or name in inboxes)}
