"""What is not in the code at all: ways to run text, old ciphers, weak chance, requests that wander."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import pytest

from tests.architecture.source import STATIC, calls, modules

pytestmark = pytest.mark.pure

RUNNERS = {"eval", "exec", "compile", "__import__", "os.system", "os.popen", "os.execv"}
UNPICKLERS = {"pickle", "cPickle", "marshal", "shelve", "dill", "jsonpickle", "yaml"}
# where a program is started, with a fixed list of words; a new place needs a reason here
STARTERS = {
    "engage/core/backup.py": "pg_dump and psql",
    "engage/core/supervise.py": "this program's own two halves",
}
HOLDERS = {"hashlib", "hashes", "algorithms", "modes"}
WEAK = {"md5", "sha1", "new", "MD5", "SHA1", "DES", "ARC4", "Blowfish", "ECB", "TripleDES", "IDEA"}
# the places where chance is for show: a demonstration that comes out the same each time
DICE = {"engage/portal/demo/crowd.py", "engage/portal/demo/ideas.py"}
CRYPTO = {"hmac", "hashlib", "secrets", "ssl", "cryptography", "argon2", "passlib", "itsdangerous"}
CRYPTO |= {"joserfc", "authlib", "webauthn", "flask_security"}
HOME_MADE = {"Crypto", "Cryptodome", "nacl", "pycrypto", "rsa", "ecdsa", "pyaes", "bcrypt", "jwt"}


def old_ones(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """(line, name) of each weak one: as attribute, as imported name, or asked for by its name."""
    alias = {
        name.asname or name.name: name.name.rpartition(".")[2]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in node.names
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").rpartition(".")[2] in HOLDERS:
            yield from ((node.lineno, name.name) for name in node.names if name.name in WEAK)
        elif isinstance(node, ast.Attribute) and node.attr in WEAK:
            holder = ast.unparse(node.value).rpartition(".")[2]
            if alias.get(holder, holder) in HOLDERS:
                yield node.lineno, node.attr
        elif isinstance(node, ast.Call) and _may_name_one(node.func, alias):
            for given in (*node.args, *(keyword.value for keyword in node.keywords)):
                if isinstance(given, ast.Constant) and str(given.value).lower() in {"md5", "sha1"}:
                    yield node.lineno, str(given.value).lower()


def _may_name_one(called: ast.expr, alias: dict[str, str]) -> bool:
    """A function that is told by a word which hash to use; hashlib.new is refused as such."""
    holder, _dot, name = ast.unparse(called).rpartition(".")
    return name in {"file_digest", "pbkdf2_hmac"} or (
        name in {"new", "digest"} and alias.get(holder, holder) == "hmac"
    )


def imported() -> list[tuple[str, str]]:
    """(file, top-level package) of every import."""
    return [(m.where, found.target.partition(".")[0]) for m in modules() for found in m.imports()]


def test_no_text_is_run_as_code() -> None:
    wrong = [
        f"{m.where}:{call.lineno} {name}()"
        for m in modules()
        for name, call in calls(m.tree)
        if name in RUNNERS
    ]
    assert not wrong, "\n".join(wrong)


def test_no_script_runs_text_either() -> None:
    runs = re.compile(
        r"\beval\s*\(|new\s+Function\b|document\.write|set(?:Timeout|Interval)\(\s*[\"'`]"
    )
    ours = [p for p in STATIC.rglob("*.js") if "vendor" not in p.parts]
    assert len(ours) > 10
    wrong = [f"{path.name}: {runs.search(path.read_text())}" for path in ours
             if runs.search(path.read_text())]  # fmt: skip
    assert not wrong, "\n".join(wrong)


def test_programs_are_started_from_two_places_and_never_by_a_shell() -> None:
    found = {where for where, package in imported() if package == "subprocess"}
    assert found == set(STARTERS)
    for module in modules():
        for name, call in calls(module.tree):
            if name.startswith("subprocess."):
                words = {keyword.arg for keyword in call.keywords}
                assert "shell" not in words, f"{module.where}:{call.lineno}"
                assert not isinstance(call.args[0], ast.JoinedStr | ast.Constant | ast.BinOp), (
                    f"{module.where}:{call.lineno} starts a line of text, not a list of words"
                )


def test_no_object_is_made_from_bytes() -> None:
    assert not [pair for pair in imported() if pair[1] in UNPICKLERS]


def test_no_outgoing_request_follows_a_redirect() -> None:
    asked = [
        (m.where, call)
        for m in modules()
        for name, call in calls(m.tree)
        if re.fullmatch(r"httpx\.(get|post|put|request|Client|stream|head)", name)
    ]
    assert asked
    for where, call in asked:
        said = {keyword.arg: keyword.value for keyword in call.keywords}
        follows = said.get("follow_redirects")
        assert isinstance(follows, ast.Constant), f"{where}:{call.lineno}"
        assert follows.value is False, f"{where}:{call.lineno}"
        assert "timeout" in said, f"{where}:{call.lineno} would wait for ever"
    others = {"requests", "urllib3", "aiohttp"}
    assert not [pair for pair in imported() if pair[1] in others]
    assert not [
        m.where for m in modules() for found in m.imports() if found.target == "urllib.request"
    ]


def test_no_old_hash_or_cipher() -> None:
    wrong = [f"{m.where}:{line} {name}" for m in modules() for line, name in old_ones(m.tree)]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("import hashlib\nhashlib.md5(b'')", "md5"),
        ("import hashlib as h\nh.sha1(b'')", "sha1"),
        ("from hashlib import md5", "md5"),
        ("def f():\n    from hashlib import sha256, sha1 as quick", "sha1"),
        ("import hashlib\nhashlib.new('md5')", "new"),
        ("from hashlib import new", "new"),
        ("import hashlib\nhashlib.file_digest(file, 'MD5')", "md5"),
        ("import hashlib\nhashlib.pbkdf2_hmac('sha1', b'', b'', 1)", "sha1"),
        ("import hmac, hashlib\nhmac.new(b'', b'', 'sha1')", "sha1"),
        ("import hmac\nhmac.digest(b'', b'', digest='md5')", "md5"),
        ("from cryptography.hazmat.primitives.ciphers import algorithms as a\na.ARC4(b'')", "ARC4"),
        ("from cryptography.hazmat.primitives.ciphers.modes import ECB", "ECB"),
        ("from cryptography.hazmat.primitives import hashes\nhashes.SHA1()", "SHA1"),
        ("import hmac, hashlib\nhmac.new(b'', b'', hashlib.sha256)", ""),
        ("import hashlib\nhashlib.sha256(b'md5')", ""),
        ("from hashlib import sha256, blake2b", ""),
    ],
)
def test_old_ones_are_seen_however_they_are_reached(code: str, found: str) -> None:
    assert {name for _line, name in old_ones(ast.parse(code))} == ({found} if found else set())


def test_cryptography_comes_from_known_libraries() -> None:
    used = {package for _where, package in imported()}
    assert used & CRYPTO >= {"hmac", "hashlib", "secrets", "joserfc", "passlib"}
    assert not used & HOME_MADE


# no secrets: they tell things apart, and knowing one opens nothing
NAMES = {
    "engage/commons/accounts/organisations.py": "the end of a public address",
    "engage/commons/accounts/presence.py": "whose attempts are counted; it stands in a signed cookie",
    "engage/commons/documents/service.py": "a paragraph's name through its versions",
    "engage/core/errors.py": "an incident's number",
    "engage/core/logs.py": "a request's number",
    "engage/core/storage.py": "a file that is half written",
}


def test_chance_is_never_cheap() -> None:
    dice = {where for where, package in imported() if package == "random"}
    assert dice == DICE
    short = {
        m.where
        for m in modules()
        for name, call in calls(m.tree)
        if re.fullmatch(r"secrets\.token_\w+", name)
        and call.args
        and isinstance(call.args[0], ast.Constant)
        and int(str(call.args[0].value)) < 16
    }
    assert short == set(NAMES), "a secret has 128 bits and more; a name has its reason here"


@pytest.mark.parametrize("handler", ["FileHandler", "SysLogHandler", "HTTPHandler", "SMTPHandler"])
def test_logs_go_to_standard_error_only(handler: str) -> None:
    wrong = [
        f"{m.where}:{call.lineno}"
        for m in modules()
        for name, call in calls(m.tree)
        if name.endswith(handler)
    ]
    assert not wrong, "\n".join(wrong)
