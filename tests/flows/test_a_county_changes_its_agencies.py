"""An agency joins, another is renamed, a third is suspended; then the third comes back and the first leaves, all while events flow.

No event that was accepted may be lost, every one of them gets its receipts, and what the agency that left has reported stays readable.
"""

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
from local import Servers, System
from tests.county import DAMAN_TOWN, until

JOINS, RENAMED, SUSPENDED, STEADY = "elder_mediation", "police", "trade_union", "womens_federation"


@pytest.fixture(scope="module")
def installation(run_folder):
    """A whole system on a broker and a database of its own: its users and queues change."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("DATABASE_URL", "AMQP_URI", "AMQP_MANAGEMENT_URL"):
            patch.delenv(name, raising=False)
        servers = Servers(run_folder / "changing", fresh=True)
        with servers, System(servers=servers) as running:
            yield running
            servers.broker.kill()  # its orderly end takes six seconds


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The county's folder, as a person edits it."""
    return shutil.copytree(COUNTY.folder, tmp_path_factory.mktemp("edited") / "county")


def edit(folder, *changes):
    agencies = (folder / "agencies.csv").read_text("utf-8")
    for was, becomes in changes:
        assert was in agencies
        agencies = agencies.replace(was, becomes)
    (folder / "agencies.csv").write_text(agencies, "utf-8")


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


class Steady(threading.Thread):
    """An agency that reports without pause: over AMQP with confirms, and at the door; what fails is sent again under the same id."""

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
                until(lambda event=event: self._at_the_door(event), what="the door takes the event")
            self.accepted.append(event["id"])
        connection.close()

    def _at_the_door(self, event):
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/cloudevents+json"}
        try:
            return httpx.post(f"{self.door}/events", json=event, headers=headers, trust_env=False).status_code == 202
        except httpx.TransportError:
            return False


def rows(installation, sql, *values):
    with psycopg2.connect(installation.servers.database_admin) as connection, connection.cursor() as cursor:
        cursor.execute(sql, values)
        return cursor.fetchall()


def write(installation, sql):
    with psycopg2.connect(installation.servers.database_admin) as connection, connection.cursor() as cursor:
        cursor.execute(sql)


def says(installation, agency, number):
    """What the door answers to a report of this agency with its token of now."""
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


def test_agencies_join_change_and_leave_while_events_flow_and_no_event_is_lost(installation, folder):
    steady, trade_union = Steady(installation), installation.servers.amqp(SUSPENDED)
    steady.start()
    edit(
        folder,
        ("police,公安,Police", "police,县公安局,County Police"),
        ("trade_union,工会,Trade Union,B,mediation_centre,own,,labour,active", "trade_union,工会,Trade Union,B,mediation_centre,own,,labour,suspended"),
    )
    with (folder / "agencies.csv").open("a", encoding="utf-8") as file:
        file.write(f"{JOINS},老年人纠纷调解组织,Elder Mediation Body,B,mediation_centre,own,,,active\n")

    first = apply(installation, folder)

    assert first.returncode == 0, first.stderr
    assert [word in first.stderr for word in (f"added: {JOINS}", f"renamed: {RENAMED}", f"suspended: {SUSPENDED}")] == [True] * 3
    assert says(installation, JOINS, "joined").status_code == 202
    refused = says(installation, SUSPENDED, "suspended")
    assert (refused.status_code, refused.json()["data"]["reason"]["code"]) == (422, "agency_not_active")
    assert not may_publish(trade_union, SUSPENDED)
    until(lambda: "县公安局" in httpx.get(f"{installation.endpoints['dashboard']}/disputes", trust_env=False).text, what="the page shows the new name")
    (code,) = rows(installation, "select code from intake.reports where agency = %s", JOINS)[0]
    until(lambda: rows(installation, "select 1 from metrics.disputes where code = %s", code), what="the read model hears of it")

    edit(
        folder,
        ("labour,suspended", "labour,active"),
        (
            f"{JOINS},老年人纠纷调解组织,Elder Mediation Body,B,mediation_centre,own,,,active",
            f"{JOINS},老年人纠纷调解组织,Elder Mediation Body,B,mediation_centre,own,,,removed",
        ),
    )
    address = installation.servers.amqp(STEADY).replace(STEADY, JOINS)
    second = apply(installation, folder)

    assert second.returncode == 0, second.stderr
    assert (f"reactivated: {SUSPENDED}" in second.stderr, f"removed: {JOINS}" in second.stderr) == (True, True)
    assert may_publish(trade_union, SUSPENDED) and says(installation, SUSPENDED, "back").status_code == 202
    assert not may_publish(address, JOINS)
    assert {agency_queue(JOINS), inbox_of(JOINS)}.isdisjoint(queues(installation))
    assert "老年人纠纷调解组织" in httpx.get(f"{installation.endpoints['dashboard']}/disputes/{code}", trust_env=False).text

    steady.over.set()
    steady.join(60)
    assert len(steady.accepted) > 20
    answered = "select count(*) from intake.receipts r join intake.log l on r.id like 'receipt/' || l.seq || '/%%' where l.agency = %s and l.event_id = any(%s)"
    ids = [f"{one}" for one in steady.accepted]
    until(lambda: rows(installation, answered, STEADY, ids) == [(2 * len(ids),)], what="two receipts for every accepted event")
    assert rows(
        installation, "select count(*) from intake.parked union all select count(*) from mediation.parked union all select count(*) from metrics.parked"
    ) == [(0,), (0,), (0,)]


def test_a_folder_that_may_not_be_applied_changes_nothing(installation, folder):
    applied = installation.servers.folder / "county" / "townships.csv"
    before = applied.read_bytes()
    for file in (folder / "townships.csv", folder / "population.csv"):
        file.write_text("".join(line for line in file.read_text("utf-8").splitlines(keepends=True) if "620702402" not in line), "utf-8")

    refused = apply(installation, folder)

    assert refused.returncode == 1
    assert "township 620702402 may not disappear" in refused.stderr and "nothing was changed" in refused.stderr
    assert applied.read_bytes() == before


def test_a_body_with_open_disputes_is_not_removed(installation, tmp_path):
    folder = shutil.copytree(installation.servers.folder / "county", tmp_path / "county")
    edit(folder, ("intellectual_property,active", "intellectual_property,removed"))
    write(installation, "insert into mediation.records (body, partition, accepted, declined, open) values ('ip_mediation', 0, 1, 0, 1)")

    refused = apply(installation, folder)

    assert refused.returncode == 1 and "ip_mediation: 1 open disputes" in refused.stderr
    assert inbox_of("ip_mediation") in queues(installation)
