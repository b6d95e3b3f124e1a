"""An issuer of people's tokens as there are others: discovery and keys over HTTP on a free port of this machine."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from joserfc import jwt
from joserfc.jwk import ECKey, Key, OKPKey, RSAKey

from api.access.oidc import signatures

AUDIENCE = "kokybe-tests"


class TestIssuer:
    """`keys` are what it publishes; `asked` counts how often; `answer` stands in for the whole key set, `pause` before it."""

    __test__ = False

    def __init__(self, url: str) -> None:
        self.url = url
        self.asked = 0
        self.pause = 0.0
        self.status = 200
        self.keys: dict[str, Key] = {
            "rsa": RSAKey.generate_key(2048, {"kid": "rsa", "use": "sig"}),
            "ec": ECKey.generate_key("P-256", {"kid": "ec", "alg": "ES256"}),
            "ed": OKPKey.generate_key("Ed25519", {"kid": "ed"}),
        }
        self.about: dict[str, Any] = {"issuer": url, "jwks_uri": f"{url}/jwks"}
        self.answer: Any = None

    @property
    def key_set(self) -> Any:
        return self.answer or {"keys": [{**key.as_dict(private=False), "kid": kid} for kid, key in self.keys.items()]}

    def claims(self, **other: Any) -> dict[str, Any]:
        now = int(time.time())
        claims = {"iss": self.url, "aud": AUDIENCE, "sub": "ona", "iat": now, "exp": now + 300, **other}
        return {name: value for name, value in claims.items() if value is not None}

    def token(self, kid: str = "rsa", alg: str = "RS256", header: dict[str, Any] | None = None, **claims: Any) -> str:
        """Signed with the key of this name; a claim that is None is left out."""
        given = {"alg": alg, "kid": kid, **(header or {})}
        return jwt.encode(given, self.claims(**claims), self.keys[kid], registry=signatures(alg))


@contextmanager
def issuing() -> Iterator[TestIssuer]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            is_keys = self.path.endswith("/jwks")
            issuer.asked += is_keys
            time.sleep(issuer.pause if is_keys else 0)
            body = json.dumps(issuer.key_set if is_keys else issuer.about).encode()
            self.send_response(issuer.status)
            self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    issuer = TestIssuer(f"http://127.0.0.1:{server.server_port}")
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield issuer
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
