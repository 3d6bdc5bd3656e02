"""Sends one notice to an agency's own address over HTTP, signed so that the agency can tell it is ours. No database, no broker."""

import hashlib
import hmac

import requests

TIMEOUT = (3, 5)  # seconds to connect, to answer


class NotDelivered(Exception):
    """The address did not take the notice; `why` is one of contracts' reasons."""

    def __init__(self, why: str):
        super().__init__(why)
        self.why = why


def send(url: str, secret: bytes, event: bytes) -> None:
    """Posts a CloudEvent (structured JSON bytes). Raises NotDelivered unless the answer is 2xx. Redirects are not followed."""
    signature = hmac.new(secret, event, hashlib.sha256).hexdigest()
    headers = {"Content-Type": "application/cloudevents+json", "Fengqiao-Signature": f"sha256={signature}"}
    try:
        answer = requests.post(url, data=event, headers=headers, timeout=TIMEOUT, allow_redirects=False, stream=True)
        answer.close()
    except requests.Timeout:
        raise NotDelivered("timed_out") from None
    except requests.RequestException:
        raise NotDelivered("timed_out") from None
    if not 200 <= answer.status_code < 300:
        raise NotDelivered("refused_by_peer")
