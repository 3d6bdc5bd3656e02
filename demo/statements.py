"""Statements of all simulated agencies, over the HTTP API: they have reported everything up to a time (agency.alive)."""

import json
import urllib.request
import uuid
from datetime import datetime

TIMEOUT_SECONDS = 20


def state_everything_reported(endpoints: dict, up_to: datetime) -> None:
    """State for every agency of the county that it has reported everything up to this time, so that unmet deadlines before it are announced as passed.

    Raises urllib.error.URLError if the hub refuses a statement or does not answer.
    """
    for code, access in endpoints["agencies"].items():
        event = {"specversion": "1.0", "id": str(uuid.uuid4()), "source": f"/agencies/{code}", "type": "agency.alive", "subject": code,
                 "time": up_to.isoformat(), "data": {"up_to": up_to.isoformat()}}  # fmt: skip
        headers = {"Authorization": f"Bearer {access['token']}", "Content-Type": "application/cloudevents+json"}
        request = urllib.request.Request(f"{endpoints['door']}/events", json.dumps(event).encode(), headers)
        with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS):
            pass
