"""A county adds, renames and suspends agencies, then reactivates and removes agencies, while events arrive.

No accepted event may be lost, each event gets its receipts, and reports of the removed agency stay readable.

The tests change users and queues of the broker. Parallel test workers share one broker, so they do not run this file; it is run by
test_the_flows_run_in_another_county.
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

NEW_AGENCY = {"code": "elder_mediation", "zh": "老年人纠纷调解组织", "en": "Elder Mediation Body", "role": "B", "platform": "own", "status": "active"}
RENAMED, SUSPENDED, UNCHANGED = code_of("police"), DAMAN_COMMITTEE, code_of("womens_federation")


@pytest.fixture(scope="module")
def installation(system):
    """Return the running system. Skip the test if its broker may not be changed."""
    if system.servers.broker is None:
        pytest.skip("AMQP_URI names a broker whose users and queues this test may not change")
    return system


@pytest.fixture(scope="module")
def county_folder(tmp_path_factory):
    """Return a copy of the county folder that the tests may edit."""
    return shutil.copytree(COUNTY.folder, tmp_path_factory.mktemp("edited") / "county")


def edit_agencies(county_folder, agencies: dict[str, dict[str, str]]):
    """Change columns of agencies.csv, by agency. An agency that is not in the file is added."""
    file = county_folder / "agencies.csv"
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


def apply_county_folder(installation, county_folder):
    environment = os.environ | {"FENGQIAO_RUN": str(installation.servers.folder)}
    command = [sys.executable, "-W", "ignore", "-m", "local.county", str(county_folder)]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


def make_report_event(agency, number):
    return {
        "specversion": "1.0", "id": f"apply-{number}", "source": f"/agencies/{agency}", "type": "dispute.reported", "subject": f"A-{number}",
        "time": datetime.now(UTC).isoformat(), "datacontenttype": "application/json",
        "data": {"report_no": f"A-{number}", "channel": "phone", "place": {"township": DAMAN_TOWN}, "kind": "family", "wants": "mediation"},
    }  # fmt: skip


class ContinuousReporter(threading.Thread):
    """A thread that reports disputes without pause as one agency, alternately over AMQP with confirms and over HTTP.

    A failed request is repeated with the same event id.
    """

    def __init__(self, installation):
        super().__init__(daemon=True)
        self.amqp, self.door = installation.servers.amqp(UNCHANGED), installation.endpoints["door"]
        self.token, self.stopped, self.accepted = installation.servers.keys["agency_tokens"][UNCHANGED], threading.Event(), []

    def run(self):
        connection = pika.BlockingConnection(pika.URLParameters(self.amqp))
        channel = connection.channel()
        channel.confirm_delivery()
        while not self.stopped.wait(0.02):
            event = make_report_event(UNCHANGED, uuid.uuid4())
            if len(self.accepted) % 2:
                properties = pika.BasicProperties(content_type="application/cloudevents+json", delivery_mode=2, message_id=event["id"], user_id=UNCHANGED)
                channel.basic_publish(AGENCIES_EXCHANGE, f"{UNCHANGED}.dispute.reported", httpx.Request("POST", "http://-", json=event).content, properties)
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


def query_rows(installation, sql, *values):
    with psycopg2.connect(installation.servers.database_admin) as connection, connection.cursor() as cursor:
        cursor.execute(sql, values)
        return cursor.fetchall()


def execute_sql(installation, sql, *values):
    with psycopg2.connect(installation.servers.database_admin) as connection, connection.cursor() as cursor:
        cursor.execute(sql, values)


def post_report(installation, agency, number):
    """Post a dispute report of this agency with its current access token. Return the response."""
    endpoints = json.loads((installation.servers.folder / "endpoints.json").read_text("utf-8"))
    token = endpoints["agencies"][agency]["token"]
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/cloudevents+json"}
    return httpx.post(f"{endpoints['door']}/events", json=make_report_event(agency, number), headers=headers, trust_env=False)


def may_publish(address, agency):
    """Return whether the broker accepts a message of this agency at this AMQP address."""
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


def broker_queues(installation):
    return set(installation.servers.broker.ctl("list_queues", "-p", "fengqiao", "name", "--silent").split())


def test_no_event_is_lost_while_agencies_are_added_renamed_suspended_and_removed(installation, county_folder):
    new_agency, address_of_suspended = NEW_AGENCY["code"], installation.servers.amqp(SUSPENDED)
    reporter = ContinuousReporter(installation)
    reporter.start()
    edit_agencies(
        county_folder,
        {
            new_agency: NEW_AGENCY | {"parent": COUNTY.lead_agency("M").code},
            RENAMED: {"zh": "改名后的公安", "en": "Police, Renamed"},
            SUSPENDED: {"status": "suspended"},
        },
    )

    first = apply_county_folder(installation, county_folder)

    assert first.returncode == 0, first.stderr
    assert [text in first.stderr for text in (f"added: {new_agency}", f"renamed: {RENAMED}", f"suspended: {SUSPENDED}")] == [True] * 3
    assert post_report(installation, new_agency, "joined").status_code == 202
    refused = post_report(installation, SUSPENDED, "suspended")
    assert (refused.status_code, refused.json()["data"]["reason"]["code"]) == (422, "agency_not_active")
    assert not may_publish(address_of_suspended, SUSPENDED)
    wait_until(lambda: "改名后的公安" in httpx.get(f"{installation.endpoints['dashboard']}/disputes", trust_env=False).text, what="the page shows the new name")
    (code,) = query_rows(installation, "select code from intake.reports where agency = %s", new_agency)[0]
    wait_until(lambda: query_rows(installation, "select 1 from metrics.disputes where code = %s", code), what="the dispute is in the read model")

    police = COUNTY.agencies[RENAMED]
    edit_agencies(county_folder, {new_agency: {"status": "removed"}, RENAMED: {"zh": police.zh, "en": police.en}, SUSPENDED: {"status": "active"}})
    address = json.loads((installation.servers.folder / "endpoints.json").read_text("utf-8"))["agencies"][new_agency]["amqp"]
    assert may_publish(address, new_agency)
    execute_sql(installation, "insert into mediation.body_statistics (body, partition, accepted, declined, open) values (%s, 0, 1, 0, 1)", new_agency)
    too_early = apply_county_folder(installation, county_folder)
    assert too_early.returncode == 1 and f"{new_agency}: 1 open disputes" in too_early.stderr
    assert may_publish(address, new_agency) and inbox_of(new_agency) in broker_queues(installation)

    execute_sql(installation, "delete from mediation.body_statistics where body = %s", new_agency)
    second = apply_county_folder(installation, county_folder)

    assert second.returncode == 0, second.stderr
    assert (f"reactivated: {SUSPENDED}" in second.stderr, f"removed: {new_agency}" in second.stderr) == (True, True)
    assert may_publish(address_of_suspended, SUSPENDED) and post_report(installation, SUSPENDED, "back").status_code == 202
    assert not may_publish(address, new_agency)
    assert {agency_queue(new_agency), inbox_of(new_agency)}.isdisjoint(broker_queues(installation))
    assert NEW_AGENCY["zh"] in httpx.get(f"{installation.endpoints['dashboard']}/disputes/{code}", trust_env=False).text

    reporter.stopped.set()
    reporter.join(60)
    assert len(reporter.accepted) > 20
    answered = "select count(*) from intake.receipts r join intake.log l on r.id like 'receipt/' || l.seq || '/%%' where l.agency = %s and l.event_id = any(%s)"
    ids = [f"{id}" for id in reporter.accepted]
    wait_until(lambda: query_rows(installation, answered, UNCHANGED, ids) == [(2 * len(ids),)], what="two receipts for every accepted event")
    parked = " union all ".join(f"select count(*) from {service}.parked" for service in ("intake", "mediation", "metrics"))
    assert query_rows(installation, parked) == [(0,), (0,), (0,)]


def test_a_county_folder_without_an_existing_agency_is_rejected_and_changes_nothing(installation, county_folder):
    applied, file = installation.servers.folder / "county" / "agencies.csv", county_folder / "agencies.csv"
    before = applied.read_bytes()
    file.write_text("".join(line for line in file.read_text("utf-8").splitlines(keepends=True) if not line.startswith(NEW_AGENCY["code"])), "utf-8")

    refused = apply_county_folder(installation, county_folder)

    assert refused.returncode == 1
    assert f"agency {NEW_AGENCY['code']} may not disappear" in refused.stderr and "nothing was changed" in refused.stderr
    assert applied.read_bytes() == before
