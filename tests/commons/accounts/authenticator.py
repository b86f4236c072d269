"""A passkey in software: what a phone would answer, for tests."""

from __future__ import annotations

import base64
import hashlib
import json
import os
from typing import Any

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec


def _b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


class Phone:
    """One key pair for one site."""

    def __init__(self, origin: str = "http://localhost") -> None:
        self.origin = origin
        self.ident = os.urandom(16)
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.handle = b""
        self.count = 0
        self.flags = 0x05  # present and verified

    def _client_data(self, kind: str, challenge: str) -> bytes:
        return json.dumps({"type": kind, "challenge": challenge, "origin": self.origin}).encode()

    def _data(self, host: str, extra: bytes = b"", flags: int = 0) -> bytes:
        self.count += 1
        head = hashlib.sha256(host.encode()).digest()
        return head + bytes([self.flags | flags]) + self.count.to_bytes(4, "big") + extra

    def create(self, options: dict[str, Any]) -> str:
        """The answer to navigator.credentials.create()."""
        self.handle = base64.urlsafe_b64decode(options["user"]["id"] + "==")
        numbers = self.key.public_key().public_numbers()
        public = cbor2.dumps(
            {
                1: 2,
                3: -7,
                -1: 1,
                -2: numbers.x.to_bytes(32, "big"),
                -3: numbers.y.to_bytes(32, "big"),
            }
        )
        attested = bytes(16) + len(self.ident).to_bytes(2, "big") + self.ident + public
        data = self._data(options["rp"]["id"], attested, 0x40)
        return json.dumps(
            {
                "id": _b64(self.ident),
                "rawId": _b64(self.ident),
                "type": "public-key",
                "response": {
                    "clientDataJSON": _b64(
                        self._client_data("webauthn.create", options["challenge"])
                    ),
                    "attestationObject": _b64(
                        cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
                    ),
                },
            }
        )

    def get(self, options: dict[str, Any]) -> str:
        """The answer to navigator.credentials.get()."""
        client = self._client_data("webauthn.get", options["challenge"])
        data = self._data(options["rpId"])
        signature = self.key.sign(data + hashlib.sha256(client).digest(), ec.ECDSA(hashes.SHA256()))
        return json.dumps(
            {
                "id": _b64(self.ident),
                "rawId": _b64(self.ident),
                "type": "public-key",
                "response": {
                    "clientDataJSON": _b64(client),
                    "authenticatorData": _b64(data),
                    "signature": _b64(signature),
                    "userHandle": _b64(self.handle),
                },
            }
        )
