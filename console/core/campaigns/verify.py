"""Looking whether a frozen batch is still what was frozen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from console.core.campaigns import holdout, second
from console.core.campaigns.signing import signed_whole
from console.core.sending.integrity import SECRET_NAME, BatchDigest, digest_fits
from console.core.sending.seals import is_sealed
from db.engine import Database
from db.models import Batch, HoldOut, Message

_PAGE = 5_000


@dataclass(frozen=True, kw_only=True)
class Checked:
    """What the stored rows of a batch say about the digest that stands in the batch."""

    batch_id: int
    digest: str  # as stored in the batch when it was checked
    messages: int
    sound: bool
    first_bad: int | None = None  # message whose own digest does not fit; None: the rows fit, but not together


def verify_batch(database: Database, batch_id: int, *, progress: Callable[[int, int], None] | None = None) -> Checked:
    """Recompute every message's digest and the batch's from the rows, in one snapshot; memory stays flat."""
    secret = database.secret(SECRET_NAME)
    with database.read() as session:
        batch = session.get_one(Batch, batch_id)
        whole, seen, first_bad = _recompute(session, secret, batch, progress)
        held = session.get(HoldOut, batch_id)
        words = second.stored(session, batch_id)
        same_group = holdout.untouched(session, held)
    sound = (
        first_bad is None
        and seen == batch.messages
        and same_group
        and is_sealed(secret, batch)
        and signed_whole(whole, batch, held, words) == batch.digest
    )
    return Checked(batch_id=batch_id, digest=batch.digest, messages=seen, sound=sound, first_bad=first_bad)


def _recompute(
    session: Session, secret: bytes, batch: Batch, progress: Callable[[int, int], None] | None
) -> tuple[BatchDigest, int, int | None]:
    first = session.scalar(select(func.min(Message.id)).where(Message.batch_id == batch.id)) or 0
    # "+ 0" keeps both engines from sorting the whole batch for each page: they walk along the primary key instead
    query = (
        select(Message.id, Message.recipient, Message.phone, Message.body, Message.digest)
        .where(Message.batch_id + 0 == batch.id)
        .order_by(Message.id)
        .limit(_PAGE)
    )
    whole, seen, last = BatchDigest(), 0, first - 1
    while page := session.execute(query.where(Message.id > last)).all():
        for message_id, recipient, phone, body, digest in page:
            if not digest_fits(secret, digest, batch.id, recipient, phone, body):
                return whole, seen, message_id
            whole.add(digest)
        seen, last = seen + len(page), page[-1][0]
        if progress is not None:
            progress(seen, batch.messages)
    return whole, seen, None
