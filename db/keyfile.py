"""The file that key slots are kept in: its records, its JSON, and how it is replaced without ever being half there."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

FORMAT = 1
_MOST_MEMORY = 4 * 1024 * 1024  # KiB; a damaged number must not eat the machine


class Unreadable(Exception):
    """Not a key file of ours, or not as it was written."""


@dataclass(frozen=True, kw_only=True)
class Cost:
    """Argon2id, RFC 9106 section 4: the second recommended option, for machines with little memory."""

    passes: int = 3
    memory: int = 65_536  # KiB
    lanes: int = 4


DEFAULT_COST = Cost()


@dataclass(frozen=True, kw_only=True)
class Sealed:
    nonce: bytes  # 12 bytes
    data: bytes  # ciphertext and tag


@dataclass(frozen=True, kw_only=True)
class Slot:
    login: str  # case-folded
    cost: Cost
    salt: bytes
    sealed: Sealed


@dataclass(frozen=True, kw_only=True)
class Failure:
    tries: int  # in a row
    at: datetime
    until: datetime | None  # locked out until then


@dataclass(frozen=True, kw_only=True)
class KeyFile:
    slots: tuple[Slot, ...]  # never empty
    check: bytes  # tells the right database key from another one
    salt: bytes  # of the marks that failures are kept under
    service: Sealed | None = None
    failures: Mapping[str, Failure] = field(default_factory=dict)  # by salted hash of the login

    def slot(self, login: str) -> Slot | None:
        return next((slot for slot in self.slots if slot.login == login), None)

    def with_slot(self, new: Slot) -> KeyFile:
        return replace(self, slots=(*(slot for slot in self.slots if slot.login != new.login), new))

    def without_slot(self, login: str) -> KeyFile:
        return replace(self, slots=tuple(slot for slot in self.slots if slot.login != login))

    def with_service(self, service: Sealed | None) -> KeyFile:
        return replace(self, service=service)

    def with_failures(self, failures: Mapping[str, Failure]) -> KeyFile:
        return replace(self, failures=dict(failures))

    def without_failure(self, mark: str) -> KeyFile:
        return self.with_failures({other: failure for other, failure in self.failures.items() if other != mark})


def read(path: Path) -> KeyFile:
    """Raises Unreadable, FileNotFoundError."""
    try:
        record = json.loads(path.read_text("utf-8"))
        if record["format"] != FORMAT:
            raise Unreadable(f"made by another version (format {record['format']})")
        content = record["content"]
        if record["checksum"] != _checksum(content):
            raise Unreadable("the checksum does not fit")
        return _file(content)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Unreadable("not a key file") from error


def write(path: Path, file: KeyFile) -> None:
    content = _record(file)
    text = json.dumps({"format": FORMAT, "checksum": _checksum(content), "content": content}, indent=1)
    replace_file(path, text.encode())


def replace_file(path: Path, data: bytes) -> None:
    """Put ``data`` at ``path``, readable by its owner only; after a crash there is the old file or the new one."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.name + ".")  # 0600 by contract
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make a renamed file's name survive a power cut."""
    if os.name != "posix":
        return  # Windows writes the entry of a folder with the file
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_secret(path: Path, secret: bytes) -> None:
    """Raises FileExistsError."""
    if path.exists():
        raise FileExistsError(path)
    replace_file(path, base64.b64encode(secret) + b"\n")


def read_secret(path: Path) -> bytes | None:
    """None when the file holds no secret. Raises OSError."""
    try:
        secret = base64.b64decode(path.read_bytes().strip(), validate=True)
    except ValueError:
        return None
    return secret if len(secret) == 32 else None


def _checksum(content: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _record(file: KeyFile) -> dict[str, Any]:
    return {
        "check": _text(file.check),
        "salt": _text(file.salt),
        "service": None if file.service is None else _sealed_record(file.service),
        "slots": [
            {
                "login": slot.login,
                "argon2id": {"passes": slot.cost.passes, "memory": slot.cost.memory, "lanes": slot.cost.lanes},
                "salt": _text(slot.salt),
                **_sealed_record(slot.sealed),
            }
            for slot in file.slots
        ],
        "failures": {
            mark: {
                "tries": failure.tries,
                "at": failure.at.isoformat(),
                "until": failure.until and failure.until.isoformat(),
            }
            for mark, failure in file.failures.items()
        },
    }


def _file(content: Mapping[str, Any]) -> KeyFile:
    slots = tuple(
        Slot(login=str(item["login"]), cost=_cost(item["argon2id"]), salt=_bytes(item["salt"]), sealed=_sealed(item))
        for item in content["slots"]
    )
    if not slots:
        raise ValueError("no slots")
    return KeyFile(
        slots=slots,
        check=_bytes(content["check"]),
        salt=_bytes(content["salt"]),
        service=None if content["service"] is None else _sealed(content["service"]),
        failures={mark: _failure(item) for mark, item in content["failures"].items()},
    )


def _cost(item: Mapping[str, Any]) -> Cost:
    cost = Cost(passes=int(item["passes"]), memory=int(item["memory"]), lanes=int(item["lanes"]))
    if not (1 <= cost.passes <= 100 and 1 <= cost.lanes <= 64 and 8 * cost.lanes <= cost.memory <= _MOST_MEMORY):
        raise ValueError("impossible parameters")
    return cost


def _failure(item: Mapping[str, Any]) -> Failure:
    until = item["until"]
    return Failure(
        tries=int(item["tries"]),
        at=datetime.fromisoformat(item["at"]),
        until=None if until is None else datetime.fromisoformat(until),
    )


def _sealed_record(sealed: Sealed) -> dict[str, str]:
    return {"nonce": _text(sealed.nonce), "key": _text(sealed.data)}


def _sealed(item: Mapping[str, Any]) -> Sealed:
    return Sealed(nonce=_bytes(item["nonce"]), data=_bytes(item["key"]))


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _bytes(text: str) -> bytes:
    return base64.b64decode(text, validate=True)
