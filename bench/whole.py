"""All of it at once: agencies publish, everything runs, until each has its outcome and the read model shows it."""

import time

from bench.agencies import Agencies, percentile
from bench.lab import Ground, say
from bench.watching import cpu_seconds
from bench.workload import County
from contracts.channels import HEARS, service_of

UNHEARD = " union all ".join(
    f"select count(*) from {service_of(producer)}.spoken s left join {listener}.heard h on h.source = s.source and h.subject = s.subject"
    f" where s.source = '{producer}' and coalesce(h.last_sequence, 0) < s.last_sequence and (%(codes)s::text[] is null or s.subject = any(%(codes)s))"
    for listener, producers in HEARS.items()
    for producer in producers
)
WARM_UP_WAVES = 3


def start(ground: Ground) -> None:
    ground.system.start()
    ground.system.wait_ready()


def stop(ground: Ground, agencies: Agencies) -> None:
    settle(ground, agencies)
    ground.system.stop(*ground.system.names)


def settle(ground: Ground, agencies: Agencies, seconds: float = 120, codes: list[str] | None = None) -> None:
    """Until everything said was heard, the inboxes too; asked of all disputes, or of these only, which costs nothing worth counting."""
    with ground.copies.connected("fengqiao") as cursor:

        def unheard():
            outboxes = " + ".join(f"(select count(*) from {name}.outbox)" for name in HEARS)
            cursor.execute(f"select (select sum(count) from ({UNHEARD}) n) + {outboxes}", {"codes": codes})
            return cursor.fetchone()[0]

        agencies.loop.until(lambda: not unheard(), seconds, "the end of all talk", timeout=0.05)


def warm_up(agencies: Agencies, county: County) -> None:
    """After three waves there are disputes at every stage."""
    for _ in range(WARM_UP_WAVES):
        letters = county.wave()
        agencies.publish(letters)
        agencies.await_outcomes(letters)


def pids(ground: Ground) -> list[int | None]:
    return [*(ground.system.pid(name) for name in ground.system.names), *ground.server_pids]


def measure(ground: Ground, agencies: Agencies, county: County, seconds: float) -> dict:
    """Throughput with everything published at once, then waiting times at half of that."""
    letters = county.wave()
    cpu, began = cpu_seconds(*pids(ground)), time.monotonic()
    agencies.publish(letters)
    agencies.await_outcomes(letters)
    settle(ground, agencies)
    rate = len(letters) / (time.monotonic() - began)
    cpu = cpu_seconds(*pids(ground)) - cpu
    say(f"end to end: {rate:.0f}/s; waiting times at half of that")
    wave, many = county.wave(), max(50, int(seconds * rate / 2))
    paced, rest = wave[:many], wave[many:]
    agencies.publish_at(paced, rate / 2)
    agencies.await_outcomes(paced)
    settle(ground, agencies)
    waits = agencies.waits(paced)
    agencies.publish(rest)  # or the next wave would go on with what never happened
    agencies.await_outcomes(rest)
    applied = sum(agencies.outcomes[letter.event.id] == "receipt.applied" for letter in letters)
    return {
        "events": len(letters),
        "applied": applied,
        "rate": round(rate),
        "cpu_us_per_event": round(1e6 * cpu / len(letters)),
        "paced_at": round(rate / 2),
        "paced_events": len(paced),
        "p50_ms": round(1000 * percentile(waits, 0.50), 1),
        "p99_ms": round(1000 * percentile(waits, 0.99), 1),
    }
