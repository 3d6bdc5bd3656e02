"""Answers only requests that ask under a name that is ours: against pages elsewhere that make a browser ask us under their own name. Plain ASGI.

Starlette's own middleware does the same, but answers in English without a code and does not read IPv6 addresses.
"""


class KnownHosts:
    """`hosts` are names or addresses without a port; `*.example.cn` stands for every name below it, `*` for all. `refusal()` gives the answer to others."""

    def __init__(self, app, hosts, refusal):
        self.app, self.refusal = app, refusal
        self.hosts = frozenset(host.strip().strip("[]").lower() for host in hosts)
        self.below = tuple(host[1:] for host in self.hosts if host.startswith("*."))

    async def __call__(self, scope, receive, send):
        if scope["type"] != "http" or self.knows(scope["headers"]):
            await self.app(scope, receive, send)
        else:
            await self.refusal()(scope, receive, send)

    def knows(self, headers) -> bool:
        """Return whether the request names one of our hosts. A request with no `Host` header, or with several, does not."""
        given = [value for name, value in headers if name == b"host"]
        if "*" in self.hosts:
            return True
        if len(given) != 1:
            return False
        name = name_of(given[0].decode("latin-1"))
        return name in self.hosts or name.endswith(self.below)


def name_of(host: str) -> str:
    """The name or address in a `Host` header, without its port."""
    host = host.strip().lower()
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0]
