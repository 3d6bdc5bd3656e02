"""When is everything that was said also heard, and everything acknowledged also answered? Asks the tables and the queues."""

import json
import urllib.request
from urllib.parse import urlsplit, urlunsplit

from contracts.channels import HEARS, service_of
from drills.checker import Rows, Told

LEFT = """
select (select count(*) from intake.log l where refused_for is null
           and not exists (select 1 from intake.receipts r where r.id = 'receipt/' || l.seq || '/outcome')) as undecided,
       (select count(*) from mediation.deadlines where ask_at <= now() + interval '2 seconds') as deadlines
"""


def left(rows: Rows, told: Told, clock: bool = True) -> dict[str, int]:
    """What is still on its way, by where; empty when nothing is. Parked events are a person's. With `clock`, deadlines that come now count too."""
    undecided, deadlines = rows(LEFT)[0]
    found = {"undecided": undecided, "deadlines to ask about": deadlines if clock else 0}
    known = {event for (event,) in rows("select event_id from intake.log")} | {event for (event,) in rows("select event_id from intake.parked")}
    found["not taken in"] = len(told.acknowledged - known)
    for service, producers in HEARS.items():
        found[f"outbox of {service}"] = rows(f"select count(*) from {service}.outbox")[0][0]
        found[f"waiting at {service}"] = rows(f"select count(*) from {service}.waiting w where not exists (select 1 from {service}.parked p"
                                              " where (p.source, p.subject) = (w.source, w.subject) and p.status = 'parked')")[0][0]  # fmt: skip
        found[f"retried by {service}"] = rows(f"select count(*) from {service}.parked where status = 'retry'")[0][0]
        for producer in producers:
            found[f"{producer} to {service}"] = rows(
                f"select count(*) from {service_of(producer)}.spoken s left join {service}.heard h on h.source = s.source and h.subject = s.subject"
                " where s.source = %s and coalesce(h.last_sequence, 0) < s.last_sequence and not coalesce(h.held, false)", producer
            )[0][0]  # fmt: skip
    return {where: count for where, count in found.items() if count}


def queues(management: str) -> dict[str, int]:
    """Messages by queue, as the broker last counted them."""
    parts = urlsplit(management)
    account, _, host = parts.netloc.rpartition("@")
    user, _, password = account.partition(":")
    passwords = urllib.request.HTTPPasswordMgrWithDefaultRealm()
    url = urlunsplit(parts._replace(netloc=host, path="/api/queues/fengqiao", query="columns=name,messages"))
    passwords.add_password(None, url, user, password)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPBasicAuthHandler(passwords))
    with opener.open(url, timeout=10) as answer:
        return {queue["name"]: queue.get("messages", 0) for queue in json.load(answer)}


def left_in_queues(counts: dict[str, int], agencies: set[str]) -> dict[str, int]:
    """Without the inboxes of agencies that nobody plays."""
    mine = {f"agency.{agency}" for agency in agencies}
    return {name: count for name, count in counts.items() if count and (not name.startswith("agency.") or name in mine)}
