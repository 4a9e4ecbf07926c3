"""All that happened with one customer, in order, page by page."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import event, insert, select

from console.core.clock import FixedClock
from console.core.compliance.purpose import Purpose
from console.core.context import Context
from console.core.customers import suppressions
from console.core.customers.circumstances import end_circumstance, set_circumstance
from console.core.customers.consents import Source, record
from console.core.customers.contacts import add_contact
from console.core.customers.detail import reveal_phone
from console.core.customers.editing import add_phone, edit_customer
from console.core.customers.suppressions import Entry as Listing
from console.core.customers.suppressions import Issuer
from console.core.customers.timeline import Cursor, Entry, Kind, page
from console.core.errors import NotPermitted
from console.core.i18n import T
from db.models import (
    Batch,
    BatchKind,
    BatchState,
    Campaign,
    CampaignState,
    ChangeKind,
    CircumstanceKind,
    Contact,
    ContactKind,
    Customer,
    Exclusion,
    ImportBatch,
    ImportChange,
    ImportedCustomer,
    ImportState,
    InboundMessage,
    Line,
    Loan,
    Message,
    MessageState,
)


def _campaign(ctx: Context, name: str, state: BatchState = BatchState.OPEN, **values: object) -> int:
    """A batch of a campaign, frozen now."""
    now = ctx.clock.now()
    with ctx.database.begin() as session:
        campaign = Campaign(
            name=name, class_key="remind", audience={}, state=CampaignState.APPROVED, created_by=ctx.actor.user_id,
            created_at=now, updated_at=now,
        )  # fmt: skip
        session.add(campaign)
        session.flush()
        batch = Batch(
            kind=BatchKind.CAMPAIGN, campaign_id=campaign.id, class_key="remind", state=state,
            created_by=ctx.actor.user_id, created_at=now, **values,
        )  # fmt: skip
        session.add(batch)
        session.flush()
        return batch.id


def _message(ctx: Context, batch_id: int, customer_id: int, **values: object) -> int:
    shown = {"body": "您好", "parts": 1, "digest": "0", "state": MessageState.WAITING, "created_at": ctx.clock.now()}
    with ctx.database.begin() as session:
        phone = session.get_one(Customer, customer_id).phone
        row = Message(batch_id=batch_id, customer_id=customer_id, phone=phone, recipient=phone, **{**shown, **values})
        session.add(row)
        session.flush()
        return row.id


def _all(ctx: Context, customer_id: int, size: int = 3, kinds: tuple[Kind, ...] = ()) -> list[Entry]:
    found: list[Entry] = []
    cursor: Cursor | None = None
    while True:
        entries = page(ctx, customer_id, cursor, kinds=kinds, size=size)
        found += entries
        if len(entries) < size:
            return found
        cursor = entries[-1].cursor


@pytest.fixture
def story(ctx: Context, village: dict[str, int], clock: FixedClock) -> int:
    """Everything once, an hour between each, told of 张三."""
    zhang = village["张三"]

    def later() -> datetime:
        clock.advance(timedelta(hours=1))
        return clock.now()

    with ctx.database.begin() as session:
        line = Line(name="A", address="memory://A", created_at=clock.now())
        session.add(line)
        session.flush()
        line_id = line.id
    later()
    batch = _campaign(ctx, "还款提醒")
    _message(ctx, batch, zhang, state=MessageState.DELIVERED, sending_at=later(), done_at=clock.now())
    later()
    left_out = _campaign(ctx, "营销")
    with ctx.database.begin() as session:
        reason = T("The customer refused messages of this kind.").dump()
        session.add(Exclusion(batch_id=left_out, customer_id=zhang, rule="consent.refused", reason=reason))
        at = later()
        session.add(InboundMessage(line_id=line_id, sender="+8613800138000", body="收到", raw="", received_at=at))
    later()
    add_contact(ctx, zhang, ContactKind.CALL, "说周五还", connected=True)
    later()
    record(ctx, zhang, Purpose.MARKETING, granted=True, source=Source.FORM, evidence="表单 17", lift=True)
    later()
    listed = suppressions.add_customer(ctx, zhang, Listing(scope="care", issuer=Issuer.BRANCH, reason="投诉"))
    later()
    suppressions.end(ctx, listed, "已解决")
    later()
    made = set_circumstance(ctx, zhang, CircumstanceKind.COMPLAINT, note="利率争议")
    later()
    end_circumstance(ctx, made, "已答复")
    later()
    with ctx.database.read() as session:
        seen = session.get_one(Customer, zhang).updated_at
    edit_customer(ctx, zhang, {"rating": "B"}, seen)
    later()
    reveal_phone(ctx, zhang, "回访")
    later()
    return zhang


EXPECTED = [
    "Phone number revealed", "Customer changed", "Over: Complaint is open", "Complaint is open",
    "May be written to again: Greetings and surveys", "Not to be written to: Greetings and surveys",
    "May be written to again: Marketing", "Agreed to: Marketing", "Call, got through", "Reply",
    "Repayment reminder · 营销", "Repayment reminder · 还款提醒",
]  # fmt: skip


@pytest.mark.parametrize("size", [1, 3, 50])
def test_everything_stands_in_order_however_it_is_paged(ctx: Context, story: int, size: int) -> None:
    told = _all(ctx, story, size)
    assert sorted([entry.at for entry in told], reverse=True) == [entry.at for entry in told]
    titles = [entry.title for entry in told]
    assert set(titles[:12]) == set(EXPECTED)
    assert titles[12:] == ["Not to be written to: Marketing", "Refused: Marketing"] or titles[12:] == [
        "Refused: Marketing", "Not to be written to: Marketing",
    ]  # fmt: skip
    assert len({(entry.source, entry.id) for entry in told}) == len(told)


def test_entries_say_who_and_why(ctx: Context, story: int) -> None:
    told = {entry.title: entry for entry in _all(ctx, story)}
    look = told["Phone number revealed"]
    assert (look.kind, look.by, look.note) == (Kind.LOOK, "王敏", "回访")
    assert told["Customer changed"].note == "Rating"
    assert told["May be written to again: Greetings and surveys"].by == "王敏"
    assert told["May be written to again: Greetings and surveys"].note == "已解决"
    assert told["Agreed to: Marketing"].note == "signed form: 表单 17"
    sent = told["Repayment reminder · 还款提醒"]
    assert (sent.state, sent.body, sent.explained) == ("delivered", "您好", True)
    out = told["Repayment reminder · 营销"]
    assert (out.kind, out.state, out.note) == (
        Kind.LEFT_OUT, "left_out", "The customer refused messages of this kind.",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "number"),
    [
        (Kind.MESSAGE, 1), (Kind.LEFT_OUT, 1), (Kind.REPLY, 1), (Kind.CONTACT, 1), (Kind.CONSENT, 6),
        (Kind.CIRCUMSTANCE, 2), (Kind.CHANGE, 1), (Kind.LOOK, 1),
    ],
)  # fmt: skip
def test_narrowed_to_a_kind(ctx: Context, story: int, kind: Kind, number: int) -> None:
    told = _all(ctx, story, 2, (kind,))
    assert len(told) == number
    assert {entry.kind for entry in told} == {kind}


def test_files_that_brought_or_changed_something(ctx: Context, village: dict[str, int], clock: FixedClock) -> None:
    """Standing unchanged in a file is no news."""
    zhang = village["张三"]

    def imported(name: str, *kinds: ChangeKind, added: bool = False, state: ImportState = ImportState.DONE) -> None:
        clock.advance(timedelta(days=1))
        with ctx.database.begin() as session:
            batch = ImportBatch(
                file_name=name, file_digest="0", sheet="", mapping={}, state=state, created_by=ctx.actor.user_id,
                created_at=clock.now(),
            )  # fmt: skip
            session.add(batch)
            session.flush()
            session.add(ImportedCustomer(import_id=batch.id, customer_id=zhang, added=added))
            loan = session.scalars(select(Loan.id).where(Loan.customer_id == zhang).limit(1)).one()
            for kind in kinds:
                row = zhang if kind is ChangeKind.CUSTOMER else loan
                session.add(ImportChange(import_id=batch.id, kind=kind, row_id=row, before={}))

    imported("1.xlsx", added=True)
    imported("2.xlsx")
    imported("3.xlsx", ChangeKind.CUSTOMER)
    imported("4.xlsx", ChangeKind.LOAN, state=ImportState.UNDONE)
    imported("5.xlsx", ChangeKind.CUSTOMER, ChangeKind.LOAN)
    imported("6.xlsx", ChangeKind.CUSTOMER, state=ImportState.FAILED)
    told = [(entry.title, entry.note, entry.by) for entry in _all(ctx, zhang, 2, (Kind.CHANGE,))]
    assert told == [
        ("Personal data and loans changed by the file 5.xlsx", "", "王敏"),
        ("Loans changed by the file 4.xlsx", "This import was undone.", "王敏"),
        ("Personal data changed by the file 3.xlsx", "", "王敏"),
        ("Came in with the file 1.xlsx", "", "王敏"),
    ]


def test_further_numbers_bring_their_replies(ctx: Context, village: dict[str, int], clock: FixedClock) -> None:
    li = village["李四"]
    with ctx.database.begin() as session:
        line = Line(name="A", address="memory://A", created_at=clock.now())
        session.add(line)
        session.flush()
        reply = {"line_id": line.id, "raw": "", "received_at": clock.now()}
        session.add(InboundMessage(sender="13900001111", body="我是李四", **reply))
        missing = [T("Part {missing} of {total} is missing.", missing="2", total=3).dump()]
        session.add(InboundMessage(sender="13600000000", body="旧号码", customer_id=li, remarks=missing, **reply))
    assert [(entry.body, entry.note) for entry in _all(ctx, li, kinds=(Kind.REPLY,))] == [
        ("旧号码", "Part 2 of 3 is missing.")
    ]
    add_phone(ctx, li, "13900001111")
    assert [entry.body for entry in _all(ctx, li, kinds=(Kind.REPLY,))] == ["旧号码", "我是李四"]


def test_what_was_never_approved_does_not_count(ctx: Context, village: dict[str, int]) -> None:
    li = village["李四"]
    for state in (BatchState.BUILDING, BatchState.VOID):
        batch = _campaign(ctx, "x", state)
        _message(ctx, batch, li)
        with ctx.database.begin() as session:
            session.add(Exclusion(batch_id=batch, customer_id=li, rule="suppressed", reason=""))
    assert page(ctx, li) == []
    _message(ctx, _campaign(ctx, "y", BatchState.PENDING), li)
    assert [entry.state for entry in page(ctx, li)] == ["pending"]


def test_ten_thousand_entries_cost_what_ten_do(ctx: Context, village: dict[str, int], clock: FixedClock) -> None:
    """Every entry once though hundreds share a moment; the last page asks for as few rows as the first."""
    li, now = village["李四"], clock.now()
    with ctx.database.begin() as session:
        rows = [
            {
                "customer_id": li, "kind": ContactKind.NOTE, "at": now - timedelta(hours=n // 300), "body": str(n),
                "created_by": ctx.actor.user_id, "created_at": now,
            }
            for n in range(10_000)
        ]  # fmt: skip
        session.execute(insert(Contact), rows)
    told = _all(ctx, li, 1_000)
    assert len({entry.body for entry in told}) == len(told) == 10_000
    with ctx.database.read() as session:
        ids = session.scalars(select(Contact.id).order_by(Contact.at.desc(), Contact.id.desc())).all()
    assert [entry.id for entry in told] == list(ids)
    fetched: list[int] = []

    def count(_connection: object, cursor: object, statement: str, *_: object) -> None:
        if "FROM contact" in statement:
            fetched.append(statement.count("LIMIT"))

    event.listen(ctx.database._reader, "after_cursor_execute", count)
    try:
        last = page(ctx, li, told[-41].cursor, size=20)
    finally:
        event.remove(ctx.database._reader, "after_cursor_execute", count)
    assert [entry.id for entry in last] == [entry.id for entry in told[-40:-20]]
    assert fetched == [1]


def test_not_for_everybody(admin_ctx: Context, village: dict[str, int]) -> None:
    with pytest.raises(NotPermitted):
        page(admin_ctx, village["张三"])
