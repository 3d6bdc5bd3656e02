"""The broker's management API, as far as applying a county needs it. Standard library only."""

import base64
import json
import urllib.error
import urllib.request
from urllib.parse import quote, unquote, urlsplit, urlunsplit

from deploy.broker import VHOST


class BrokerAdmin:
    """`url` is http://user:password@host:port of the management API, as an administrator."""

    def __init__(self, url: str):
        parts = urlsplit(url)
        account, _, host = parts.netloc.rpartition("@")
        self._base = urlunsplit(parts._replace(netloc=host, path=f"{parts.path.rstrip('/')}/api"))
        self._authorization = "Basic " + base64.b64encode(unquote(account).encode()).decode()

    def define(self, document: dict) -> None:
        """Add what the document has and the broker has not: users, permissions, exchanges, queues, bindings. Nothing is deleted."""
        self._ask("POST", "/definitions", document)

    def delete_user(self, user: str) -> None:
        """Delete the user and end its connections."""
        self._ask("DELETE", f"/users/{quote(user, safe='')}", missing_ok=True)
        self.end_connections(user)

    def end_connections(self, user: str) -> None:
        """End what the user has open: a channel may remember what it was allowed."""
        for connection in self._ask("GET", "/connections?columns=name,user") or []:
            if connection.get("user") == user:
                self._ask("DELETE", f"/connections/{quote(connection['name'], safe='')}", missing_ok=True)

    def messages(self, queue: str) -> int:
        """Return how many messages are in a queue, those that a consumer has not acknowledged included; 0 if there is no such queue."""
        found = self._ask("GET", f"/queues/{quote(VHOST, safe='')}/{quote(queue, safe='')}", missing_ok=True)
        return 0 if found is None else found.get("messages", 0) or 0

    def delete_queue(self, queue: str) -> None:
        self._ask("DELETE", f"/queues/{quote(VHOST, safe='')}/{quote(queue, safe='')}", missing_ok=True)

    def _ask(self, method: str, path: str, body: dict | None = None, missing_ok: bool = False):
        headers = {"Content-Type": "application/json", "Authorization": self._authorization}
        request = urllib.request.Request(self._base + path, None if body is None else json.dumps(body).encode(), headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as response:
                text = response.read()
        except urllib.error.HTTPError as problem:
            if missing_ok and problem.code == 404:
                return None
            raise
        return json.loads(text) if text else None
