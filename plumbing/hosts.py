"""ASGI middleware that refuses requests whose `Host` header is not one of the configured names, as a protection against DNS rebinding.

Starlette's own middleware answers in English without a reason code and does not parse IPv6 addresses.
"""


class AllowedHosts:
    """Middleware. `hosts` are names or addresses without a port; `*.example.cn` allows every subdomain, `*` every host.

    `refusal()` returns the ASGI response to all other requests.
    """

    def __init__(self, app, hosts, refusal):
        self.app, self.refusal = app, refusal
        self.hosts = frozenset(host.strip().strip("[]").lower() for host in hosts)
        self.suffixes = tuple(host[1:] for host in self.hosts if host.startswith("*."))

    async def __call__(self, scope, receive, send):
        if scope["type"] != "http" or self.allows(scope["headers"]):
            await self.app(scope, receive, send)
        else:
            await self.refusal()(scope, receive, send)

    def allows(self, headers) -> bool:
        """Return whether the request has exactly one `Host` header and it names an allowed host."""
        values = [value for name, value in headers if name == b"host"]
        if "*" in self.hosts:
            return True
        if len(values) != 1:
            return False
        name = without_port(values[0].decode("latin-1"))
        return name in self.hosts or name.endswith(self.suffixes)


def without_port(host: str) -> str:
    """Return the name or address of a `Host` header, in lower case."""
    host = host.strip().lower()
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0]
