"""One canonical form for addresses and names, so that no two people pass for one.

E-mail addresses are looked up by `email_key` (NFKC, casefold, ASCII domain) and mail goes
only to the address as stored. Names are compared by `skeleton`, which folds the letters that
look alike (Unicode TR 39, the part that concerns Latin, Greek and Cyrillic).
"""

from __future__ import annotations

import re
import unicodedata

import idna

# Confusable letters, by what a reader takes them for. TR 39 "confusables.txt", reduced to
# the scripts people type here; NFKC and stripped accents have done the rest before.
_LOOKALIKES = {
    "a": "аɑαạ",
    "b": "ЬьƄ",
    "c": "сϲⅽ",
    "d": "ԁɗⅾ",
    "e": "еҽєεɛ",
    "f": "ƒϝ",
    "g": "ɡցɢ",
    "h": "һհ",
    "i": "іıɩιӏǀ!|1lɪ",
    "j": "јϳ",
    "k": "кκ",
    "m": "мⅿʍ",
    "n": "пոη",
    "o": "оοօ0σө",
    "p": "рρ",
    "q": "ԛգ",
    "r": "гᴦ",
    "s": "ѕꜱ5$",
    "t": "тτ",
    "u": "υսʋ",
    "v": "ѵⅴν",
    "w": "ԝѡω",
    "x": "хχ×",
    "y": "уүγ",
    "z": "ᴢʐ",
}
_FOLD = str.maketrans({odd: plain for plain, odds in _LOOKALIKES.items() for odd in odds})

# What a stranger must not be called: the words by which the platform itself speaks.
RESERVED = (
    "admin",
    "administrator",
    "administrateur",
    "anonymous",
    "anonyme",
    "account closed",
    "compte fermé",
    "closed account",
    "deleted user",
    "engage",
    "everyone",
    "guest",
    "help",
    "host",
    "me",
    "moderator",
    "moderateur",
    "moderation",
    "new",
    "none",
    "null",
    "official",
    "officiel",
    "organiser",
    "organizer",
    "organisateur",
    "postmaster",
    "root",
    "security",
    "staff",
    "support",
    "system",
    "systeme",
    "team engage",
    "engage team",
    "undefined",
    "unknown",
    "webmaster",
)

_FORBIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
_ADDRESS = re.compile(r"[^\s@<>(),;:\"\[\]\\]+@[^\s@<>(),;:\"\[\]\\]+")


def email_key(address: str) -> str:
    """The form under which an address is looked up and unique. "" when it is no address."""
    folded = unicodedata.normalize("NFKC", address.strip()).casefold()
    if not _ADDRESS.fullmatch(folded):
        return ""
    local, _at, domain = folded.rpartition("@")
    ascii_domain = domain_key(domain)
    return f"{local}@{ascii_domain}" if ascii_domain else ""


def domain_key(domain: str) -> str:
    """A domain in lower-case ASCII, for exact comparison. "" when it is none."""
    folded = unicodedata.normalize("NFKC", domain.strip()).casefold()
    try:
        return idna.encode(folded, uts46=True).decode("ascii")
    except idna.IDNAError:
        return ""


def has_forbidden(text: str) -> bool:
    """Does the text hold a control, format (bidi, zero width), surrogate or unassigned sign?"""
    return any(unicodedata.category(sign) in _FORBIDDEN for sign in text)


def tidy_name(text: str) -> str:
    """A name as it is kept: NFKC, single spaces, no edges."""
    return " ".join(unicodedata.normalize("NFKC", text).split())


def skeleton(text: str) -> str:
    """What a reader sees at a glance: letters and digits only, look-alikes folded."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    bare = "".join(
        sign for sign in unicodedata.normalize("NFD", folded) if not unicodedata.combining(sign)
    )
    seen = "".join(sign for sign in bare.translate(_FOLD) if sign.isalnum())
    return seen.replace("rn", "m").replace("vv", "w")


_RESERVED_SKELETONS = frozenset(skeleton(word) for word in RESERVED)


def is_reserved(name: str) -> bool:
    """Would a reader take this name for the platform's own voice?"""
    return skeleton(name) in _RESERVED_SKELETONS
