"""Client of the broker's HTTP management API, for changes of users and queues while a county's folder is applied. Standard library only."""

import base64
import json
import urllib.error
import urllib.request
from urllib.parse import quote, unquote, urlsplit, urlunsplit

from deploy.broker import VHOST


class BrokerAdmin:
    """Client of the broker's HTTP management API. `url` is http://user:password@host:port with the credentials of an administrator."""

    def __init__(self, url: str):
        parts = urlsplit(url)
        account, _, host = parts.netloc.rpartition("@")
        self._base = urlunsplit(parts._replace(netloc=host, path=f"{parts.path.rstrip('/')}/api"))
        self._authorization = "Basic " + base64.b64encode(unquote(account).encode()).decode()

    def upload_definitions(self, document: dict) -> None:
        """Add the users, permissions, exchanges, queues and bindings of a definitions document. Nothing is deleted."""
        self._request("POST", "/definitions", document)

    def delete_user(self, user: str) -> None:
        """Delete a broker user and close its connections."""
        self._request("DELETE", f"/users/{quote(user, safe='')}", missing_ok=True)
        self.close_connections(user)

    def close_connections(self, user: str) -> None:
        """Close the open connections of a broker user. Otherwise an open channel could keep permissions that the user no longer has."""
        for connection in self._request("GET", "/connections?columns=name,user") or []:
            if connection.get("user") == user:
                self._request("DELETE", f"/connections/{quote(connection['name'], safe='')}", missing_ok=True)

    def message_count(self, queue: str) -> int:
        """Return the number of messages in a queue, including unacknowledged ones; 0 if the queue does not exist."""
        found = self._request("GET", f"/queues/{quote(VHOST, safe='')}/{quote(queue, safe='')}", missing_ok=True)
        return 0 if found is None else found.get("messages", 0) or 0

    def delete_queue(self, queue: str) -> None:
        self._request("DELETE", f"/queues/{quote(VHOST, safe='')}/{quote(queue, safe='')}", missing_ok=True)

    def _request(self, method: str, path: str, body: dict | None = None, missing_ok: bool = False):
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
