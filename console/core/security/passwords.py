"""Passwords: what is accepted, and how it is kept (Argon2id, RFC 9106)."""

from __future__ import annotations

import unicodedata
from functools import cache
from itertools import pairwise

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

import resources
from console.core.errors import UserError
from console.core.i18n import T, Text

_HASHER = PasswordHasher()  # the library's defaults: RFC 9106 low-memory profile, 64 MiB, 3 passes
_FEWEST_DISTINCT = 4
_LONGEST_RUN_SHARE = 0.7  # a password that is mostly one run of neighbours (12345678ab) is as weak as the run
MAXIMUM_LENGTH = 128


class WeakPassword(UserError):
    def __init__(self, why: Text) -> None:
        super().__init__(why, T("A short sentence that only you would think of makes a good password."))


def prepared(password: str) -> str:
    """One form for one password: full-width and half-width letters of an input method are the same."""
    return unicodedata.normalize("NFKC", password)


def hashed(password: str) -> str:
    """Encoded Argon2id hash with its parameters and salt."""
    return _HASHER.hash(prepared(password))


def verify(encoded: str, password: str) -> bool:
    try:
        return _HASHER.verify(encoded, prepared(password))
    except (VerificationError, InvalidHashError):
        return False


def outdated(encoded: str) -> bool:
    """The hash was made with other parameters than today's and should be made again at this login."""
    return _HASHER.check_needs_rehash(encoded)


@cache
def decoy() -> str:
    """A hash that no password opens: an unknown login takes as long to refuse as a wrong password."""
    return _HASHER.hash("\x00")


def check(password: str, login: str, *, minimum: int) -> None:
    """Raises WeakPassword when ``password`` is too short, too long, common, too plain, or is the login in disguise."""
    password = prepared(password)
    if len(password) < minimum:
        raise WeakPassword(T("A password has at least {n} characters.", n=minimum))
    if len(password) > MAXIMUM_LENGTH:
        raise WeakPassword(T("A password has at most {n} characters.", n=MAXIMUM_LENGTH))
    folded = password.casefold()
    if login and _contains_login(folded, login.casefold()):
        raise WeakPassword(T("A password must not be made from the login name."))
    if folded in _common() or folded.strip("0123456789!@#$%.") in _common():
        raise WeakPassword(T("This password is among the ones that are tried first."))
    if len(set(folded)) < _FEWEST_DISTINCT or _longest_run(folded) >= len(folded) * _LONGEST_RUN_SHARE:
        raise WeakPassword(T("This password repeats itself or follows the keys in order."))


def _contains_login(password: str, login: str) -> bool:
    return login in password and len(password) - len(login) < len(login) + 4


def _longest_run(text: str) -> int:
    """Length of the longest stretch whose neighbours are equal or one apart in one direction."""
    longest = current = 1
    step: int | None = None
    for before, after in pairwise(text):
        difference = ord(after) - ord(before)
        if difference in (-1, 0, 1) and difference == step:
            current += 1
        elif difference in (-1, 0, 1):
            current, step = 2, difference
        else:
            current, step = 1, None
        longest = max(longest, current)
    return longest


@cache
def _common() -> frozenset[str]:
    lines = resources.path("security", "common_passwords.txt").read_text("utf-8").splitlines()
    return frozenset(line.strip().casefold() for line in lines if line.strip() and not line.startswith("#"))
