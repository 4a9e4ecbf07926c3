"""Numbers of people who are gone: a keyed digest says whether it is the same number, and nothing else."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.engine import Database
from db.keys import keys
from db.models import ErasedRefusal, Secret

ERASURE = "erasure"  # name of the database's secret


def erasure_key(database: Database) -> bytes:
    """May write the secret: ask for it before a transaction is begun."""
    return database.secret(ERASURE)


def number_digest(key: bytes, number: str) -> str:
    """64 hexadecimal characters."""
    return hmac.new(key, number.encode(), hashlib.sha256).hexdigest()


_ANY = select(ErasedRefusal.digest).where(ErasedRefusal.digest > "").limit(1)  # asked before each message


def any_erased_refusal(session: Session) -> bool:
    """One look at the first key of an index."""
    return session.connection().scalar(_ANY) is not None


def erased_refusals(session: Session, phones: Collection[str]) -> dict[str, frozenset[str]]:
    """What erased people refused whose numbers these are: scopes by number, those without any left out.

    One small query where nobody who was erased had refused anything.
    """
    if not phones or not any_erased_refusal(session):
        return {}
    key = session.scalar(select(Secret.value).where(Secret.name == ERASURE))
    if key is None:
        return {}
    numbers = {number_digest(key, phone): phone for phone in phones}
    wanted = keys(session, list(numbers))
    query = select(ErasedRefusal.digest, ErasedRefusal.scope).join(wanted, wanted.c.value == ErasedRefusal.digest)
    found: dict[str, frozenset[str]] = {}
    for digest, scope in session.execute(query):
        found[numbers[digest]] = found.get(numbers[digest], frozenset()) | {scope}
    return found
