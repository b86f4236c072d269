"""A small OpenID Connect provider on loopback: discovery, keys, and a token endpoint that checks PKCE."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT, SECRET = "engage", "a secret of no value"


class Provider:
    """Grants one code per person it is told about; `over` changes the claims of the next token."""

    def __init__(self) -> None:
        self.key = RSAKey.generate_key(2048, {"kid": "one", "use": "sig"})
        self.codes: dict[str, dict[str, Any]] = {}
        self.over: dict[str, Any] = {}
        self.refusals: list[str] = []
        self.hits: list[str] = []
        self.sign_with: RSAKey | None = None
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.hits.append(self.path)
                if self.path.endswith("openid-configuration"):
                    self._send(outer.metadata())
                elif self.path == "/keys":
                    self._send({"keys": [outer.key.as_dict(private=False)]})
                else:
                    self._send({}, 404)

            def do_POST(self) -> None:
                length = int(self.headers["Content-Length"])
                form = {k: v[0] for k, v in parse_qs(self.rfile.read(length).decode()).items()}
                answer = outer.token(form, self.headers.get("Authorization", ""))
                self._send(answer, 400 if "error" in answer else 200)

            def _send(self, body: dict[str, Any], status: int = 200) -> None:
                raw = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(raw)))
                self.end_headers()
                self.wfile.write(raw)

            def log_message(self, *_args: Any) -> None:
                """Quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.issuer = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def metadata(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
        }

    def authorize(self, address: str, **person: Any) -> tuple[str, str]:
        """What the provider's page does when the person agrees: (code, state)."""
        query = {k: v[0] for k, v in parse_qs(urlsplit(address).query).items()}
        assert address.startswith(f"{self.issuer}/authorize?")
        assert query["client_id"] == CLIENT
        assert query["response_type"] == "code"
        assert query["code_challenge_method"] == "S256"
        code = f"code-{len(self.codes)}"
        self.codes[code] = {"query": query, "person": person}
        return code, query["state"]

    def token(self, form: dict[str, str], authorization: str) -> dict[str, Any]:
        """Exchange a code: once, for the right client, with the right verifier."""
        known = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        granted = self.codes.pop(form.get("code", ""), None)
        if authorization != f"Basic {known}" or granted is None:
            self.refusals.append("client or code")
            return {"error": "invalid_grant"}
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        query = granted["query"]
        if (
            challenge != query["code_challenge"]
            or form.get("redirect_uri") != query["redirect_uri"]
        ):
            self.refusals.append("verifier")
            return {"error": "invalid_grant"}
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "aud": CLIENT,
            "iat": now,
            "exp": now + 300,
            "nonce": query["nonce"],
            **granted["person"],
            **self.over,
        }
        claims = {k: v for k, v in claims.items() if v is not None}
        signed = jwt.encode({"alg": "RS256", "kid": "one"}, claims, self.sign_with or self.key)
        return {"access_token": "x", "token_type": "Bearer", "id_token": signed}
