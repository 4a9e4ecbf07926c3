"""Held-out groups: some of a campaign's people, chosen by a keyed lot, do not get it, so that its effect can be told.

The lot depends on the campaign and the customer alone; in a series on the series, so that the same customers stay
without its messages over all its runs. Without the key of the database nobody can say beforehand whom it takes.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from console.core.errors import UserError
from console.core.i18n import T, Text
from console.core.messages.classes import MessageClass
from db.engine import Database
from db.models import Exclusion, HoldOut, Series, SeriesRun

RULE = "holdout"
MOST = 50  # per cent
SECRET_NAME = "holdout"  # noqa: S105 - the name of a row, not a secret
REASON = T("Left out by lot, to measure the effect of the message.")
_PAGE = 20_000


class HoldOutRefused(UserError):
    """This campaign can not leave anybody out by lot."""


@dataclass(frozen=True, kw_only=True)
class Lot:
    percent: int  # of the customers, 1 to MOST
    scope: str  # series:3 or campaign:17
    secret: bytes

    def takes(self, customer_id: int) -> bool:
        """Whether this customer is held out; the same answer whenever it is asked."""
        drawn = hmac.digest(self.secret, f"{self.scope}/{customer_id}".encode(), "sha256")
        return int.from_bytes(drawn[:8], "big") * 100 < self.percent << 64


def refusal(class_: MessageClass, percent: int) -> HoldOutRefused | None:
    if not 0 <= percent <= MOST:
        return HoldOutRefused(
            T("Between 0 and {most} per cent can be left out.", most=MOST), T("Choose another share in section 2.")
        )
    if percent and not class_.hold_out:
        return HoldOutRefused(
            T(
                "Nobody may be left out of messages of the class {class_}: everybody needs them.",
                class_=str(class_.title),
            ),
            T("Set the held-out group to none in section 2."),
        )
    return None


def lot_of(
    database: Database, session: Session, class_: MessageClass, percent: int, campaign_id: int | None
) -> Lot | None:
    """None when nobody is held out. Raises HoldOutRefused."""
    refused = refusal(class_, percent)
    if refused is not None:
        raise refused
    if not percent:
        return None
    return Lot(percent=percent, scope=_scope(session, campaign_id), secret=database.secret(SECRET_NAME))


def _scope(session: Session, campaign_id: int | None) -> str:
    """Runs of one series, and its pattern, share one lot."""
    if campaign_id is None:
        return "campaign:0"
    run = select(SeriesRun.series_id).where(SeriesRun.campaign_id == campaign_id).scalar_subquery()
    series_id = session.scalar(select(Series.id).where(or_(Series.pattern_id == campaign_id, Series.id == run)))
    return f"campaign:{campaign_id}" if series_id is None else f"series:{series_id}"


class HeldDigest:
    """SHA-256 over the held-out recipients in the order in which they are stored."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()
        self.people = 0

    def extend(self, people: Iterable[tuple[int, int | None]]) -> None:
        """(customer id, loan id) each."""
        for customer_id, loan_id in people:
            self._hash.update(f"{customer_id}:{loan_id or ''};".encode())
            self.people += 1

    def hexdigest(self) -> str:
        return self._hash.hexdigest()


def record_of(batch_id: int, lot: Lot | None, held: HeldDigest) -> HoldOut | None:
    if lot is None:
        return None
    return HoldOut(batch_id=batch_id, percent=lot.percent, scope=lot.scope, people=held.people, digest=held.hexdigest())


def signed(stored: HoldOut | None) -> str:
    """What of the held-out group goes into the digest that is signed; empty when there is none."""
    return "" if stored is None else f"{stored.percent}/{stored.scope}/{stored.people}/{stored.digest}"


def untouched(session: Session, stored: HoldOut | None) -> bool:
    """Whether the exclusions of the rule are still those that were frozen."""
    if stored is None:
        return True
    query = (
        select(Exclusion.customer_id, Exclusion.loan_id)
        .where(Exclusion.batch_id == stored.batch_id, Exclusion.rule == RULE)
        .order_by(Exclusion.id)
        .execution_options(yield_per=_PAGE)
    )
    found = HeldDigest()
    for page in session.execute(query).partitions():
        found.extend((customer_id, loan_id) for customer_id, loan_id in page)
    return found.people == stored.people and hmac.compare_digest(found.hexdigest(), stored.digest)


def in_words(percent: int) -> Text:
    return T("{percent} % by lot", percent=percent) if percent else T("Nobody")
