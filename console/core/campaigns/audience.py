"""Whom a campaign is meant for, before any rule has looked at it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from typing import Any, cast

from sqlalchemy import BigInteger, ColumnElement, Select, exists, literal_column, null, or_, select
from sqlalchemy.orm import Session

from console.core.customers.browse import CustomerFilter, audience_select, local_today
from console.core.format import local_date
from console.core.i18n import T, Text, listed
from console.core.segments.compile import pairs
from console.core.segments.conditions import load
from console.core.segments.pinning import pinned_pairs
from console.core.segments.sentence import sentence
from console.core.segments.store import conditions_of, own_fields, titles_of, today_of
from db.models import (
    Batch,
    Campaign,
    Customer,
    ImportBatch,
    InboundMessage,
    Loan,
    Message,
    MessageState,
    Segment,
    SegmentPin,
    SegmentVersion,
)


class AudienceKind(StrEnum):
    ALL = "all"
    FILTER = "filter"
    IMPORT = "import"  # the customers of one imported file
    CUSTOMERS = "customers"  # picked one by one
    SEGMENT = "segment"  # one version of a segment, or its pinned list
    OUTCOME = "outcome"  # those of an earlier campaign with whom it ended in a certain way


class Ending(StrEnum):
    FAILED = "failed"  # for one of the causes; without causes: for any
    REPLIED = "replied"
    SILENT = "silent"  # it was delivered, and no reply came
    TOLD = "told"  # it reached them, or may, or still waits to


@dataclass(frozen=True, kw_only=True)
class Audience:
    kind: AudienceKind = AudienceKind.ALL
    filter: CustomerFilter = field(default_factory=CustomerFilter)  # of FILTER and IMPORT
    customer_ids: tuple[int, ...] = ()  # of CUSTOMERS, ascending
    segment_id: int = 0  # of SEGMENT
    version_id: int = 0  # of SEGMENT: an edit of the segment does not change what was chosen
    pin_id: int | None = None  # of SEGMENT; None: who fulfils the conditions at the time
    batch_id: int = 0  # of OUTCOME
    ending: Ending = Ending.FAILED  # of OUTCOME
    causes: tuple[str, ...] = ()  # of OUTCOME: codes as in ``Message.reason``
    without: tuple[Audience, ...] = ()  # whoever is in one of these is left out

    @property
    def plain(self) -> Audience:
        """The same, leaving nobody out."""
        return replace(self, without=())

    @staticmethod
    def of_import(import_id: int) -> Audience:
        return Audience(kind=AudienceKind.IMPORT, filter=CustomerFilter(import_id=import_id))

    @staticmethod
    def of_customers(customer_ids: list[int]) -> Audience:
        return Audience(kind=AudienceKind.CUSTOMERS, customer_ids=tuple(sorted(set(customer_ids))))

    @staticmethod
    def of_segment(segment_id: int, version_id: int, pin_id: int | None = None) -> Audience:
        return Audience(kind=AudienceKind.SEGMENT, segment_id=segment_id, version_id=version_id, pin_id=pin_id)

    @staticmethod
    def of_outcome(batch_id: int, ending: Ending, causes: Collection[str] = ()) -> Audience:
        return Audience(kind=AudienceKind.OUTCOME, batch_id=batch_id, ending=ending, causes=tuple(sorted(set(causes))))

    def dump(self) -> dict[str, object]:
        """As JSON, only what the kind uses: two audiences that mean the same are stored the same."""
        record: dict[str, object] = {"kind": self.kind.value}
        if self.kind in (AudienceKind.FILTER, AudienceKind.IMPORT):
            record["filter"] = self.filter.dump()
        if self.kind is AudienceKind.CUSTOMERS:
            record["customers"] = list(self.customer_ids)
        if self.kind is AudienceKind.SEGMENT:
            record |= {"segment": self.segment_id, "version": self.version_id}
            record |= {} if self.pin_id is None else {"pin": self.pin_id}
        if self.kind is AudienceKind.OUTCOME:
            record |= {"batch": self.batch_id, "ending": self.ending.value, "causes": list(self.causes)}
        return record | ({"without": [each.dump() for each in self.without]} if self.without else {})

    @staticmethod
    def load(record: Mapping[str, Any]) -> Audience:
        """What ``dump`` wrote; an empty record is everybody."""
        return Audience(
            kind=AudienceKind(record.get("kind", AudienceKind.ALL)),
            filter=CustomerFilter.load(record.get("filter", {})),
            customer_ids=tuple(record.get("customers", ())),
            segment_id=record.get("segment", 0),
            version_id=record.get("version", 0),
            pin_id=record.get("pin"),
            batch_id=record.get("batch", 0),
            ending=Ending(record.get("ending", Ending.FAILED)),
            causes=tuple(record.get("causes", ())),
            without=tuple(Audience.load(each) for each in record.get("without", ())),
        )


def pairs_of(
    session: Session, audience: Audience, *, per_loan: bool, today: date | None = None
) -> Select[int, int | None]:
    """(customer id, loan id) in the order of customers; ``per_loan``: one row a matching loan, else the loan is NULL.

    Which loans of a segment's customers: see ``segments.loans``. ``today``: the local date that days count from.
    Raises SegmentGone, PinGone, UnknownField.
    """
    match audience.kind:
        case AudienceKind.ALL:
            found = audience_select(session, CustomerFilter(), per_loan=per_loan, today=today)
        case AudienceKind.FILTER | AudienceKind.IMPORT:
            found = audience_select(session, audience.filter, per_loan=per_loan, today=today)
        case AudienceKind.CUSTOMERS:
            return _picked(audience.customer_ids, per_loan=per_loan)
        case AudienceKind.SEGMENT if audience.pin_id is not None:
            return pinned_pairs(session, audience.pin_id, per_loan=per_loan)
        case AudienceKind.SEGMENT:
            root = conditions_of(session, audience.version_id)
            return pairs(root, today_of(session, today or local_today()), per_loan=per_loan)
        case AudienceKind.OUTCOME:
            return _ended(audience, per_loan=per_loan)
    return cast("Select[int, int | None]", found)


def left_out(session: Session, audience: Audience, *, today: date | None = None) -> ColumnElement[bool] | None:
    """Whether the campaign itself leaves a ``Customer`` out; None where it leaves nobody out."""
    if not audience.without:
        return None
    asked = (
        pairs_of(session, each, per_loan=False, today=today).order_by(None).subquery() for each in audience.without
    )
    return or_(*(Customer.id.in_(select(found.c[0])) for found in asked))


def describe(session: Session, audience: Audience) -> Text:
    """The audience in words, for a line on the screen and for the audit trail."""
    said = _described(session, audience)
    if not audience.without:
        return said
    others = listed([str(_described(session, each)) for each in audience.without])
    return T("{audience}; without: {others}", audience=str(said), others=others)


def _described(session: Session, audience: Audience) -> Text:
    match audience.kind:
        case AudienceKind.ALL:
            return T("All customers")
        case AudienceKind.FILTER:
            return T("Customers with {filter}", filter=audience.filter.describe())
        case AudienceKind.IMPORT:
            stored = session.get(ImportBatch, audience.filter.import_id or 0)
            return T("Customers of the file {file}", file=stored.file_name if stored else "?")
        case AudienceKind.CUSTOMERS:
            return T("{count} picked customers", count=len(audience.customer_ids))
        case AudienceKind.SEGMENT:
            return _segment(session, audience)
        case AudienceKind.OUTCOME:
            return _outcome(session, audience)


def _outcome(session: Session, audience: Audience) -> Text:
    name = session.scalar(
        select(Campaign.name).join(Batch, Batch.campaign_id == Campaign.id).where(Batch.id == audience.batch_id)
    )
    match audience.ending:
        case Ending.FAILED:
            return T("Those whom {name} did not reach", name=name or "?")
        case Ending.REPLIED:
            return T("Those who replied to {name}", name=name or "?")
        case Ending.SILENT:
            return T("Those who got {name} and did not reply", name=name or "?")
        case Ending.TOLD:
            return T("Those who get {name}", name=name or "?")


def _segment(session: Session, audience: Audience) -> Text:
    segment, version = session.get(Segment, audience.segment_id), session.get(SegmentVersion, audience.version_id)
    if segment is None or version is None:
        return T("A segment that is not there any more")
    if audience.pin_id is not None:
        pin = session.get(SegmentPin, audience.pin_id)
        day = local_date(pin.created_at) if pin is not None else "?"
        return T("Segment {name}, pinned list of {day}", name=segment.name, day=day)
    said = sentence(load(version.conditions), titles_of(own_fields(session, retired=True)))
    return T("Segment {name}, version {number}: {said}", name=segment.name, number=version.number, said=said)


def _picked(ids: tuple[int, ...], *, per_loan: bool) -> Select[int, int | None]:
    # written into the statement: both engines limit the number of bound values, and these are our own integers
    chosen = Customer.id.in_(literal_column(str(int(each)), BigInteger()) for each in (ids or (0,)))
    if not per_loan:
        everybody = select(Customer.id, null().label("loan_id")).where(chosen).order_by(Customer.id)
        return cast("Select[int, int | None]", everybody)
    loans = select(Customer.id, Loan.id).join(Loan, Loan.customer_id == Customer.id)
    return cast("Select[int, int | None]", loans.where(chosen).order_by(Customer.id, Loan.id))


_TOLD = (
    MessageState.WAITING,
    MessageState.CLAIMED,
    MessageState.SENDING,
    MessageState.ACCEPTED,
    MessageState.DELIVERED,
    MessageState.UNKNOWN,
)
_FAILED = (MessageState.UNDELIVERED, MessageState.EXPIRED, MessageState.REFUSED)


def _ended(audience: Audience, *, per_loan: bool) -> Select[int, int | None]:
    """The customers of the batch's messages; of a message about one loan, that loan."""
    replied = exists().where(
        InboundMessage.customer_id == Message.customer_id, InboundMessage.received_at >= Message.sending_at
    )
    wanted: list[ColumnElement[bool]] = [Message.batch_id == audience.batch_id, Message.customer_id.is_not(None)]
    match audience.ending:
        case Ending.FAILED:
            wanted.append(Message.state.in_(_FAILED))
            if audience.causes:
                wanted.append(Message.reason.in_(audience.causes))
        case Ending.REPLIED:
            wanted.append(replied)
        case Ending.SILENT:
            wanted += [Message.state == MessageState.DELIVERED, ~replied]
        case Ending.TOLD:
            wanted.append(Message.state.in_(_TOLD))
    if not per_loan:
        people = select(Message.customer_id).where(*wanted)
        everybody = select(Customer.id, null().label("loan_id")).where(Customer.id.in_(people)).order_by(Customer.id)
        return cast("Select[int, int | None]", everybody)
    about = or_(Message.loan_id.is_(None), Message.loan_id == Loan.id)
    told = exists().where(*wanted, Message.customer_id == Loan.customer_id, about)
    loans = select(Customer.id, Loan.id).join(Loan, Loan.customer_id == Customer.id).where(told)
    return cast("Select[int, int | None]", loans.order_by(Customer.id, Loan.id))
