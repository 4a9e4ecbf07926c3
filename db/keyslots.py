"""Key slots: one random database key, wrapped once per user under a key that Argon2id makes from the password.

The file beside the database is JSON. Each slot holds the Argon2id parameters (RFC 9106) and the database key sealed
with AES-256-GCM; the login is bound to it as associated data. A service slot is sealed under a random secret in a
file of its own, for a dispatcher that starts without a person.

KeySlotError
├── WrongPassword   or an unknown login: nobody can tell which, neither by result nor by time
├── LockedOut       too many failures; ``until`` says when the next try is looked at
├── KeysMissing     there is no such file
├── KeysDamaged     the file is not what was written
├── LoginTaken      the login has a slot already
└── LastSlot        without it nobody could ever open the database again
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import unicodedata
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import sqlcipher3.dbapi2
from argon2.low_level import Type, hash_secret_raw
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from db import keyfile
from db.errors import DatabaseBusy, DatabaseGone
from db.keyfile import Cost, Failure, KeyFile, Sealed, Slot

KEY_BYTES = 32
FREE_TRIES = 3
FIRST_DELAY = timedelta(seconds=30)
LONGEST_DELAY = timedelta(hours=1)
FORGET_AFTER = timedelta(days=1)
_LOCK_SECONDS = 15.0


class KeySlotError(Exception): ...


class WrongPassword(KeySlotError): ...


class LockedOut(KeySlotError):
    def __init__(self, until: datetime) -> None:
        super().__init__(f"locked until {until.isoformat()}")
        self.until = until


class KeysMissing(KeySlotError): ...


class KeysDamaged(KeySlotError): ...


class LoginTaken(KeySlotError): ...


class LastSlot(KeySlotError): ...


@dataclass(frozen=True)
class KeySlots:
    """The slots in the file ``path``. Safe for several processes; every change replaces the whole file at once."""

    path: Path
    cost: Cost = keyfile.DEFAULT_COST  # of slots made from now on; a slot remembers its own

    def exists(self) -> bool:
        return self.path.exists()

    def create(self, login: str, password: str) -> bytes:
        """A new random database key with its first slot. Raises FileExistsError rather than losing other slots."""
        key = secrets.token_bytes(KEY_BYTES)
        with self._locked():
            if self.path.exists():
                raise FileExistsError(self.path)
            slot = _seal(_folded(login), password, key, self.cost)
            keyfile.write(self.path, KeyFile(slots=(slot,), check=_check(key), salt=secrets.token_bytes(16)))
        return key

    def open(self, login: str, password: str, *, now: datetime) -> bytes:
        """The database key. Raises WrongPassword or LockedOut; each failure is kept in the file."""
        login = _folded(login)
        with self._locked():
            file = self._read()
            mark = _mark(file, login)
            failure = file.failures.get(mark)
            if failure is not None and failure.until is not None and now < _bounded(failure.until, now):
                raise LockedOut(_bounded(failure.until, now))
            key = _unsealed(file, login, password)
            if key is None:
                self._count(file, mark, now)
                raise WrongPassword
            if failure is not None:
                keyfile.write(self.path, file.without_failure(mark))
            return key

    def add(self, login: str, password: str, key: bytes, *, replace: bool = False) -> None:
        """A slot for another user; with ``replace`` a new password for one who forgot it. Raises LoginTaken."""
        login = _folded(login)
        with self._locked():
            file = self._read()
            if file.slot(login) is not None and not replace:
                raise LoginTaken(login)
            _require_key(file, key)
            fresh = file.without_failure(_mark(file, login))  # who was shut out comes in with the new password
            keyfile.write(self.path, fresh.with_slot(_seal(login, password, key, self.cost)))

    def change(self, login: str, old: str, new: str) -> None:
        """Another password for the same slot. Raises WrongPassword."""
        login = _folded(login)
        with self._locked():
            file = self._read()
            key = _unsealed(file, login, old)
            if key is None:
                raise WrongPassword
            keyfile.write(self.path, file.with_slot(_seal(login, new, key, self.cost)))

    def remove(self, login: str) -> None:
        """Harmless when there is no such slot. Raises LastSlot."""
        login = _folded(login)
        with self._locked():
            file = self._read()
            if [slot.login for slot in file.slots] == [login]:
                raise LastSlot(login)
            keyfile.write(self.path, file.without_slot(login))

    def logins(self) -> list[str]:
        with self._locked():  # Windows cannot replace a file that somebody reads
            return [slot.login for slot in self._read().slots]

    def add_service(self, key: bytes, secret_file: Path) -> None:
        """A slot that ``secret_file`` opens; any earlier service slot ends. Raises FileExistsError."""
        secret = secrets.token_bytes(KEY_BYTES)
        with self._locked():
            file = self._read()
            _require_key(file, key)
            keyfile.write_secret(secret_file, secret)
            keyfile.write(self.path, file.with_service(_sealed(secret, key, b"service")))

    def open_service(self, secret_file: Path) -> bytes:
        """The database key. Raises WrongPassword when the file opens no slot, OSError when it cannot be read."""
        with self._locked():
            service = self._read().service
        secret = keyfile.read_secret(secret_file)
        key = None if service is None or secret is None else _opened(secret, service, b"service")
        if key is None:
            raise WrongPassword
        return key

    def remove_service(self) -> None:
        with self._locked():
            keyfile.write(self.path, self._read().with_service(None))

    def _read(self) -> KeyFile:
        try:
            return keyfile.read(self.path)
        except FileNotFoundError as error:
            raise KeysMissing(self.path.name) from error
        except keyfile.Unreadable as error:
            raise KeysDamaged(f"{self.path.name}: {error}") from error

    def _count(self, file: KeyFile, mark: str, now: datetime) -> None:
        recent = {m: f for m, f in file.failures.items() if now - f.at < FORGET_AFTER}
        tries = recent[mark].tries + 1 if mark in recent else 1
        until = None
        if tries >= FREE_TRIES:
            doublings = min(tries - FREE_TRIES, 16)
            until = now + min(FIRST_DELAY * 2**doublings, LONGEST_DELAY)
        keyfile.write(self.path, file.with_failures({**recent, mark: Failure(tries=tries, at=now, until=until)}))

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """One process at a time. SQLite's file lock: the system frees it after a crash, on every platform alike."""
        if not self.path.parent.is_dir():
            raise KeysMissing(self.path.name)
        with closing(self._lock()):
            yield

    def _lock(self) -> sqlcipher3.dbapi2.Connection:
        try:
            lock = sqlcipher3.dbapi2.connect(f"{self.path}.lock", isolation_level=None, timeout=_LOCK_SECONDS)
            lock.execute("BEGIN EXCLUSIVE")
        except sqlcipher3.dbapi2.OperationalError as error:
            kind = DatabaseBusy if error.sqlite_errorname == "SQLITE_BUSY" else DatabaseGone
            raise kind(f"{self.path.name}: {error}") from error
        return lock


def _folded(login: str) -> str:
    return unicodedata.normalize("NFKC", login).strip().casefold()


def _mark(file: KeyFile, login: str) -> str:
    """What failures are counted under: what was typed as a login may be a password."""
    return hashlib.sha256(file.salt + login.encode()).hexdigest()


def _bounded(until: datetime, now: datetime) -> datetime:
    """A failure noted while the computer's clock stood in the future must not lock anybody out for years."""
    return min(until, now + LONGEST_DELAY)


def _check(key: bytes) -> bytes:
    return hmac.digest(key, b"branch-sms key check", "sha256")


def _require_key(file: KeyFile, key: bytes) -> None:
    if not hmac.compare_digest(file.check, _check(key)):
        raise ValueError("this is not the key of this database")


def _derived(password: str, salt: bytes, cost: Cost) -> bytes:
    return hash_secret_raw(
        unicodedata.normalize("NFKC", password).encode(),
        salt,
        time_cost=cost.passes,
        memory_cost=cost.memory,
        parallelism=cost.lanes,
        hash_len=KEY_BYTES,
        type=Type.ID,
    )


def _sealed(by: bytes, key: bytes, bound: bytes) -> Sealed:
    nonce = os.urandom(12)
    return Sealed(nonce=nonce, data=AESGCM(by).encrypt(nonce, key, bound))


def _opened(by: bytes, sealed: Sealed, bound: bytes) -> bytes | None:
    try:
        return AESGCM(by).decrypt(sealed.nonce, sealed.data, bound)
    except InvalidTag:
        return None


def _seal(login: str, password: str, key: bytes, cost: Cost) -> Slot:
    salt = os.urandom(16)
    return Slot(
        login=login, cost=cost, salt=salt, sealed=_sealed(_derived(password, salt, cost), key, _bound_to(login))
    )


def _bound_to(login: str) -> bytes:
    return b"login:" + login.encode()


def _unsealed(file: KeyFile, login: str, password: str) -> bytes | None:
    """None for a wrong password, and, after the same work, for an unknown login."""
    slot = file.slot(login) or file.slots[0]
    return _opened(_derived(password, slot.salt, slot.cost), slot.sealed, _bound_to(login))
