"""ID and account numbers in their columns: sealed with AES-256-GCM, found by a keyed digest, shown by their tail.

Both keys are derived (HKDF, RFC 5869) from ``database.secret("columns")``, so that a column says nothing to somebody
who has only the table, and two databases never share a digest. The first call for a database may write that secret:
ask for ``sealer(database)`` before a transaction is begun, not inside.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import unicodedata
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy import select
from sqlalchemy.orm import Session

from console.core.errors import UserError
from console.core.i18n import T
from db.engine import Database
from db.models import Customer

COLUMNS = "columns"  # name of the database's secret
_FORM = b"\x01"  # first byte of a cipher: which form the rest has
_NONCE_BYTES = 12
_TAIL = 4
_CONTEXT = b"branch-sms column"
_ID_NUMBER = re.compile(r"\d{17}[\dX]", re.ASCII)


class Unreadable(UserError):
    """A cipher that was changed, cut off, or written by another database."""

    def __init__(self) -> None:
        super().__init__(
            T("The stored number cannot be read: it was changed, or it comes from another database."),
            T("Enter the number again."),
        )


@dataclass(frozen=True, slots=True)
class Sealed:
    cipher: bytes  # form, nonce, text and tag
    digest: str  # 64 hexadecimal characters, the same for the same number
    tail: str  # the last four characters


class Sealer:
    """The two keys of one database. Thread-safe."""

    def __init__(self, secret: bytes) -> None:
        self._cipher = AESGCM(_derived(secret, b"cipher"))
        self._digest_key = _derived(secret, b"digest")

    def seal(self, text: str) -> Sealed:
        """``text`` is compared and kept without spaces and dashes, in capitals. Raises ValueError for nothing."""
        value = canonical(text)
        if not value:
            raise ValueError("there is nothing to seal")
        nonce = os.urandom(_NONCE_BYTES)
        cipher = _FORM + nonce + self._cipher.encrypt(nonce, value.encode(), _CONTEXT)
        return Sealed(cipher, self.digest(value), value[-_TAIL:])

    def unseal(self, cipher: bytes) -> str:
        """Raises Unreadable."""
        nonce, body = cipher[1 : 1 + _NONCE_BYTES], cipher[1 + _NONCE_BYTES :]
        if cipher[:1] != _FORM or len(nonce) != _NONCE_BYTES:
            raise Unreadable()
        try:
            return self._cipher.decrypt(nonce, body, _CONTEXT).decode()
        except InvalidTag as error:
            raise Unreadable() from error

    def digest(self, text: str) -> str:
        return hmac.new(self._digest_key, canonical(text).encode(), hashlib.sha256).hexdigest()


_sealers: WeakKeyDictionary[Database, Sealer] = WeakKeyDictionary()


def sealer(database: Database) -> Sealer:
    found = _sealers.get(database)
    if found is None:
        found = _sealers[database] = Sealer(database.secret(COLUMNS))
    return found


def seal(database: Database, text: str) -> Sealed:
    return sealer(database).seal(text)


def unseal(database: Database, cipher: bytes) -> str:
    """Raises Unreadable."""
    return sealer(database).unseal(cipher)


def digest(database: Database, text: str) -> str:
    """What ``Customer.id_digest`` and ``Loan.account_digest`` hold for this number."""
    return sealer(database).digest(text)


def customer_by_id_number(session: Session, database: Database, text: str) -> list[int]:
    """Ids of the customers with this full identity number, lowest first; one index look-up, nothing is decrypted.

    Several only where the bank keeps a person under several customer numbers. Text of another shape finds nobody.
    """
    value = canonical(text)
    if not _ID_NUMBER.fullmatch(value):
        return []
    query = select(Customer.id).where(Customer.id_digest == digest(database, value))
    return list(session.scalars(query.order_by(Customer.id)))


def canonical(text: str) -> str:
    """How numbers are compared: NFKC, no spaces or dashes, capitals."""
    return "".join(char for char in unicodedata.normalize("NFKC", text).upper() if char.isalnum())


def masked(tail: str) -> str:
    """``****002X``; nothing for nothing."""
    return f"****{tail}" if tail else ""


def _derived(secret: bytes, purpose: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=b"branch-sms column " + purpose).derive(secret)
