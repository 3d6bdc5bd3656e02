"""An agency is added, another renamed, a third suspended; then the third is reactivated and the first removed, all while events arrive.

No accepted event may be lost, each gets its receipts, and reports of the removed agency stay readable.

Users and queues of the broker change. Parallel test workers share a broker, so they leave this file to test_the_flows_run_in_another_county.
"""

import csv
import json
import os
import shutil
import subprocess
import sys
import threading
import uuid
from datetime import UTC, datetime

import httpx
import pika
import psycopg2
import pytest

from contracts import COUNTY
from contracts.channels import AGENCIES_EXCHANGE, agency_queue, inbox_of
from deploy.files import ROOT
from tests.county import DAMAN_COMMITTEE, DAMAN_TOWN, code_of, wait_until

JOINS = {"code": "elder_mediation", "zh": "老年人纠纷调解组织", "en": "Elder Mediation Body", "role": "B", "platform": "own", "status": "active"}
RENAMED, SUSPENDED, STEADY = code_of("police"), DAMAN_COMMITTEE, code_of("womens_federation")


@pytest.fixture(scope="module")
def installation(system):
    if system.servers.broker is None:
        pytest.skip("AMQP_URI names a broker whose users and queues this test may not change")
    return system


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The county's folder, copied for editing."""
    return shutil.copytree(COUNTY.folder, tmp_path_factory.mktemp("edited") / "county")


def edit(folder, agencies: dict[str, dict[str, str]]):
    """Set columns of agencies.csv, by agency; an agency that is not in the file is added."""
    file = folder / "agencies.csv"
    lines = file.read_text("utf-8").splitlines()
    notes = [line for line in lines if line.startswith("#")]
    rows = list(csv.DictReader(line for line in lines if not line.startswith("#")))
    columns = list(rows[0])
    for code, changes in agencies.items():
        row = next((row for row in rows if row["code"] == code), None)
        if row is None:
            rows.append(row := dict.fromkeys(columns, ""))
        row.update(changes)
    with file.open("w", encoding="utf-8", newline="") as out:
        out.writelines(f"{note}\n" for note in notes)
        writer = csv.DictWriter(out, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def apply(installation, folder):
    environment = os.environ | {"FENGQIAO_RUN": str(installation.servers.folder)}
    command = [sys.executable, "-W", "ignore", "-m", "local.county", str(folder)]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


def report(agency, number):
    return {
        "specversion": "1.0", "id": f"apply-{number}", "source": f"/agencies/{agency}", "type": "dispute.reported", "subject": f"A-{number}",
        "time": datetime.now(UTC).isoformat(), "datacontenttype": "application/json",
        "data": {"report_no": f"A-{number}", "channel": "phone", "place": {"township": DAMAN_TOWN}, "kind": "family", "wants": "mediation"},
    }  # fmt: skip


class SteadyReporter(threading.Thread):
    """An agency that reports without pause, over AMQP with confirms and over HTTP in turn. A failed request is repeated under the same id."""

    def __init__(self, installation):
        super().__init__(daemon=True)
        self.amqp, self.door = installation.servers.amqp(STEADY), installation.endpoints["door"]
        self.token, self.over, self.accepted = installation.servers.keys["agency_tokens"][STEADY], threading.Event(), []

    def run(self):
        connection = pika.BlockingConnection(pika.URLParameters(self.amqp))
        channel = connection.channel()
        channel.confirm_delivery()
        while not self.over.wait(0.02):
            event = report(STEADY, uuid.uuid4())
            if len(self.accepted) % 2:
                properties = pika.BasicProperties(content_type="application/cloudevents+json", delivery_mode=2, message_id=event["id"], user_id=STEADY)
                channel.basic_publish(AGENCIES_EXCHANGE, f"{STEADY}.dispute.reported", httpx.Request("POST", "http://-", json=event).content, properties)
            else:
                wait_until(lambda event=event: self._post(event), what="the HTTP API accepts the event")
            self.accepted.append(event["id"])
        connection.close()

    def _post(self, event):
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/cloudevents+json"}
        try:
            return httpx.post(f"{self.door}/events", json=event, headers=headers, trust_env=False).status_code == 202
        except httpx.TransportError:
            return False


def rows(installation, sql, *values):
    with psycopg2.connect(installation.servers.database_admin) as connection, connection.cursor() as cursor:
        cursor.execute(sql, values)
        return cursor.fetchall()


def write(installation, sql, *values):
    with psycopg2.connect(installation.servers.database_admin) as connection, connection.cursor() as cursor:
        cursor.execute(sql, values)


def post_report(installation, agency, number):
    """Post a report of this agency with its present token; return the response."""
    endpoints = json.loads((installation.servers.folder / "endpoints.json").read_text("utf-8"))
    token = endpoints["agencies"][agency]["token"]
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/cloudevents+json"}
    return httpx.post(f"{endpoints['door']}/events", json=report(agency, number), headers=headers, trust_env=False)


def may_publish(address, agency):
    try:
        connection = pika.BlockingConnection(pika.URLParameters(address))
    except pika.exceptions.AMQPError:
        return False
    try:
        channel = connection.channel()
        channel.confirm_delivery()
        channel.basic_publish(AGENCIES_EXCHANGE, f"{agency}.agency.tested", b"{}")
        return True
    except pika.exceptions.AMQPError:
        return False
    finally:
        if connection.is_open:
            connection.close()


def queues(installation):
    return set(installation.servers.broker.ctl("list_queues", "-p", "fengqiao", "name", "--silent").split())


def test_agencies_are_added_changed_and_removed_while_events_arrive_and_none_is_lost(installation, folder):
    joins, address_of_suspended = JOINS["code"], installation.servers.amqp(SUSPENDED)
    reporter = SteadyReporter(installation)
    reporter.start()
    edit(
        folder,
        {joins: JOINS | {"parent": COUNTY.lead("M").code}, RENAMED: {"zh": "改名后的公安", "en": "Police, Renamed"}, SUSPENDED: {"status": "suspended"}},
    )

    first = apply(installation, folder)

    assert first.returncode == 0, first.stderr
    assert [text in first.stderr for text in (f"added: {joins}", f"renamed: {RENAMED}", f"suspended: {SUSPENDED}")] == [True] * 3
    assert post_report(installation, joins, "joined").status_code == 202
    refused = post_report(installation, SUSPENDED, "suspended")
    assert (refused.status_code, refused.json()["data"]["reason"]["code"]) == (422, "agency_not_active")
    assert not may_publish(address_of_suspended, SUSPENDED)
    wait_until(lambda: "改名后的公安" in httpx.get(f"{installation.endpoints['dashboard']}/disputes", trust_env=False).text, what="the page shows the new name")
    (code,) = rows(installation, "select code from intake.reports where agency = %s", joins)[0]
    wait_until(lambda: rows(installation, "select 1 from metrics.disputes where code = %s", code), what="the dispute is in the read model")

    police = COUNTY.agencies[RENAMED]
    edit(folder, {joins: {"status": "removed"}, RENAMED: {"zh": police.zh, "en": police.en}, SUSPENDED: {"status": "active"}})
    address = json.loads((installation.servers.folder / "endpoints.json").read_text("utf-8"))["agencies"][joins]["amqp"]
    assert may_publish(address, joins)
    write(installation, "insert into mediation.records (body, partition, accepted, declined, open) values (%s, 0, 1, 0, 1)", joins)
    too_early = apply(installation, folder)
    assert too_early.returncode == 1 and f"{joins}: 1 open disputes" in too_early.stderr
    assert may_publish(address, joins) and inbox_of(joins) in queues(installation)

    write(installation, "delete from mediation.records where body = %s", joins)
    second = apply(installation, folder)

    assert second.returncode == 0, second.stderr
    assert (f"reactivated: {SUSPENDED}" in second.stderr, f"removed: {joins}" in second.stderr) == (True, True)
    assert may_publish(address_of_suspended, SUSPENDED) and post_report(installation, SUSPENDED, "back").status_code == 202
    assert not may_publish(address, joins)
    assert {agency_queue(joins), inbox_of(joins)}.isdisjoint(queues(installation))
    assert JOINS["zh"] in httpx.get(f"{installation.endpoints['dashboard']}/disputes/{code}", trust_env=False).text

    reporter.over.set()
    reporter.join(60)
    assert len(reporter.accepted) > 20
    answered = "select count(*) from intake.receipts r join intake.log l on r.id like 'receipt/' || l.seq || '/%%' where l.agency = %s and l.event_id = any(%s)"
    ids = [f"{id}" for id in reporter.accepted]
    wait_until(lambda: rows(installation, answered, STEADY, ids) == [(2 * len(ids),)], what="two receipts for every accepted event")
    parked = " union all ".join(f"select count(*) from {service}.parked" for service in ("intake", "mediation", "metrics"))
    assert rows(installation, parked) == [(0,), (0,), (0,)]


def test_a_folder_that_may_not_be_applied_changes_nothing(installation, folder):
    applied, file = installation.servers.folder / "county" / "agencies.csv", folder / "agencies.csv"
    before = applied.read_bytes()
    file.write_text("".join(line for line in file.read_text("utf-8").splitlines(keepends=True) if not line.startswith(JOINS["code"])), "utf-8")

    refused = apply(installation, folder)

    assert refused.returncode == 1
    assert f"agency {JOINS['code']} may not disappear" in refused.stderr and "nothing was changed" in refused.stderr
    assert applied.read_bytes() == before
