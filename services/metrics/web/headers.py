"""HTTP security headers of the dashboard. Pages load nothing from other hosts and contain no inline script or style sheet."""

# fmt: off
POLICY_DIRECTIVES = {
    "default-src":     "'none'",
    "script-src":      "'self'",
    "style-src":       "'self'",
    "style-src-attr":  "'unsafe-inline'",   # ECharts sets style attributes in its SVG; a style attribute cannot run a script
    "img-src":         "'self' data:",
    "connect-src":     "'self'",
    "font-src":        "'self'",
    "form-action":     "'self'",
    "base-uri":        "'none'",
    "frame-ancestors": "'none'",
}
SECURITY_HEADERS = {
    "Content-Security-Policy":    "; ".join(f"{name} {value}" for name, value in POLICY_DIRECTIVES.items()),
    "X-Content-Type-Options":     "nosniff",
    "Referrer-Policy":            "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy":         "camera=(), microphone=(), geolocation=()",
}
# fmt: on
ENCODED_HEADERS = [(name.lower().encode(), value.encode()) for name, value in SECURITY_HEADERS.items()]


class SecurityHeaders:
    """ASGI middleware that adds the security headers to every response, without buffering event streams."""

    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        async def send_with_headers(message):
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *ENCODED_HEADERS]
                if scope["path"].startswith("/static/vendor/"):
                    message["headers"].append((b"cache-control", b"public, max-age=86400"))
            await send(message)

        await self.app(scope, receive, send_with_headers if scope["type"] == "http" else send)
