"""A copy of the embedded database while it is in use: one consistent moment, encrypted under the same key."""

from __future__ import annotations

import errno
import os
from datetime import datetime
from pathlib import Path

import sqlcipher3.dbapi2

from db import marks
from db.errors import Damaged, DatabaseGone, DiskFull
from db.keyfile import replace_file, sync_folder

KEYS_SUFFIX = ".keys"


def copy(source: Path, target: Path, key: bytes | None, moment: datetime) -> None:
    """Write ``target``, and beside it the key slots when ``source`` has any; then open it and check every page.

    The copy carries a mark of ``moment``: whoever works on it must know that it may be older than what became of the
    original.

    Nothing stands at ``target`` before the copy is whole. Raises FileExistsError, DiskFull, DatabaseGone, Damaged.
    """
    keys, target_keys = _keys_of(source), _keys_of(target)
    for path in (target, target_keys):
        if path.exists():
            raise FileExistsError(path)
    part = target.with_name(target.name + ".part")
    try:
        part.unlink(missing_ok=True)
        part.touch(mode=0o600, exist_ok=False)
        _vacuum_into(source, part, key)
        _mark(part, key, moment)
        _check(part, key)
        with part.open("rb+") as file:
            os.fsync(file.fileno())
        if keys.exists():
            replace_file(target_keys, keys.read_bytes())
        os.replace(part, target)
    except OSError as error:
        raise (DiskFull if error.errno == errno.ENOSPC else DatabaseGone)(f"cannot write {target.name}") from error
    finally:
        part.unlink(missing_ok=True)
        if not target.exists():
            target_keys.unlink(missing_ok=True)
    sync_folder(target.parent)


def _keys_of(path: Path) -> Path:
    return path.with_name(path.name + KEYS_SUFFIX)


def _connect(path: Path, key: bytes | None) -> sqlcipher3.dbapi2.Connection:
    connection = sqlcipher3.dbapi2.connect(str(path), isolation_level=None)
    if key is not None:
        connection.execute("PRAGMA cipher_log_level=NONE")
        connection.execute(f"PRAGMA key=\"x'{key.hex()}'\"")
    return connection


def _vacuum_into(source: Path, part: Path, key: bytes | None) -> None:
    connection = _connect(source, key)
    try:
        connection.execute("VACUUM INTO ?", (str(part),))  # SQLCipher encrypts it under the key of the source
    except sqlcipher3.dbapi2.OperationalError as error:
        kind = DiskFull if error.sqlite_errorname == "SQLITE_FULL" else DatabaseGone
        raise kind(f"cannot copy {source.name}: {error}") from error
    finally:
        connection.close()


def _mark(part: Path, key: bytes | None, moment: datetime) -> None:
    connection = _connect(part, key)
    try:
        marks.put_into_copy(connection, moment)
    except sqlcipher3.dbapi2.OperationalError as error:
        raise DiskFull(f"cannot write {part.name}: {error}") from error
    finally:
        connection.close()


def _check(path: Path, key: bytes | None) -> None:
    connection = _connect(path, key)
    try:
        found = [row[0] for row in connection.execute("PRAGMA integrity_check")]
        if key is not None:
            found += [row[0] for row in connection.execute("PRAGMA cipher_integrity_check")]
    except sqlcipher3.dbapi2.DatabaseError as error:
        raise Damaged(f"the copy cannot be read: {error}") from error
    finally:
        connection.close()
    if found != ["ok"]:
        raise Damaged(f"the copy is not whole: {found[0]}")
