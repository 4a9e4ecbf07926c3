"""The file of one customer: looked at, edited, noted upon, and explained."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TypeVar

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QLabel, QPushButton, QWidget
from pytestqt.qtbot import QtBot
from sqlalchemy import insert, select

from console.core.context import Context
from console.core.customers.detail import customer_detail
from console.core.customers.editing import add_phone, edit_customer
from console.core.customers.fields import Field, save_field
from console.core.customers.loans import edit_loan
from console.core.i18n import T
from console.screens.customers.detail import CustomerPane
from console.screens.customers.loandialogs import LoanDialog, PaymentDialog
from console.screens.customers.notedialogs import (
    CircumstanceDialog,
    ConsentDialog,
    ContactDialog,
    EndCircumstanceDialog,
    EndSuppressionDialog,
    SuppressDialog,
)
from console.screens.customers.persondialogs import CustomerDialog, PhoneDialog
from console.screens.customers.reveal import RevealDialog
from console.screens.customers.screen import CustomersPage
from console.screens.customers.timelinecard import EntryView
from console.shell.forms import FormDialog
from console.shell.notices import Notice
from console.shell.services import Services
from db.models import (
    AuditEntry,
    Batch,
    BatchKind,
    BatchState,
    Campaign,
    CampaignState,
    Circumstance,
    Consent,
    Contact,
    ContactKind,
    Customer,
    Exclusion,
    FieldKind,
    Instalment,
    Loan,
    LoanState,
    Suppression,
)

AT = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)
ID_NUMBER = "11010519491231002X"  # the example of GB 11643-1999
ACCOUNT = "6222021234567890123"
Settle = Callable[[], None]
D = TypeVar("D", bound=QWidget)


@pytest.fixture
def zhang(ctx: Context) -> int:
    with ctx.database.begin() as session:
        row = Customer(
            number="C001", name="张三", pinyin="zhangsan", initials="zs", phone="13800138000", phone_tail="8000",
            title="先生", region="浦东", branch="城东支行", created_at=AT, updated_at=AT,
        )  # fmt: skip
        session.add(row)
        session.flush()
        session.add(
            Loan(
                customer_id=row.id, number="L9001", product="房贷", state=LoanState.ACTIVE, principal=Decimal(120000),
                rate=Decimal("3.6"), method="等额本金", start_on=date(2026, 6, 25), term_months=12, due_day=25,
                due_on=date(2026, 11, 25), amount_due=Decimal(10240), updated_at=AT,
            )
        )  # fmt: skip
    return row.id


@pytest.fixture
def pane(qtbot: QtBot, services: Services, zhang: int, settle: Settle) -> Iterator[CustomerPane]:
    made = CustomerPane(services)
    services.changed.connect(lambda _change: made.reload())
    qtbot.addWidget(made)
    made.resize(520, 700)
    made.show()
    made.show_customer(zhang)
    settle()
    yield made
    settle()


def texts(widget: QWidget) -> list[str]:
    """What can be read; what was just put into a layout is shown first."""
    QApplication.processEvents()
    return [found.text() for found in widget.findChildren(QLabel) if found.text() and found.isVisibleTo(widget)]


def opened(kind: type[D]) -> D:
    return next(found for found in QApplication.topLevelWidgets() if isinstance(found, kind) and found.isVisible())


def link(widget: QWidget, text: str) -> QPushButton:
    return next(found for found in widget.findChildren(QPushButton) if found.text() == text)


def save(dialog: FormDialog, qtbot: QtBot, settle: Settle, **values: object) -> None:
    dialog.form.set_values(values)
    qtbot.mouseClick(dialog.action, Qt.MouseButton.LeftButton)
    settle()


def actions(ctx: Context) -> list[str]:
    with ctx.database.read() as session:
        return list(session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)))


# The person


def test_sections_fold_and_no_number_stands_in_full(pane: CustomerPane, qtbot: QtBot) -> None:
    shown = texts(pane)
    assert {"张三 先生", "C001 · 城东支行 · 浦东", "138****8000", "L9001", "10,240.00 yuan"} <= set(shown)
    assert not any("13800138000" in text for text in shown)
    qtbot.mouseClick(pane.loans.arrow, Qt.MouseButton.LeftButton)
    assert "L9001" not in texts(pane)
    assert pane.loans.about.text() == "1"  # how many there are is seen all the same
    qtbot.mouseClick(pane.loans.arrow, Qt.MouseButton.LeftButton)
    assert "L9001" in texts(pane)


def test_editing_says_what_is_wrong_where_it_is(pane: CustomerPane, ctx: Context, qtbot: QtBot, settle: Settle) -> None:
    qtbot.mouseClick(pane.edit, Qt.MouseButton.LeftButton)
    dialog = opened(CustomerDialog)
    save(dialog, qtbot, settle, phone="138", id_number="110105194912310021")
    assert dialog.isVisible()
    assert "11" in dialog.form._fields["phone"].error.text()
    assert "check character" in dialog.form._fields["id_number"].error.text()
    save(
        dialog,
        qtbot,
        settle,
        phone="",
        id_number=ID_NUMBER,
        rating="A",
        tags="vip，常客",
        hours_from=540,
        hours_to=1080,
    )
    assert {"****002X", "1949-12-31", "A", "vip, 常客", "09:00 to 18:00"} <= set(texts(pane.person))
    with ctx.database.read() as session:
        assert session.scalars(select(Customer.phone)).one() == "13800138000"  # left empty, it stays


def test_another_window_was_quicker(pane: CustomerPane, zhang: int, ctx: Context, qtbot: QtBot, settle: Settle) -> None:
    qtbot.mouseClick(pane.edit, Qt.MouseButton.LeftButton)
    dialog = opened(CustomerDialog)
    edit_customer(ctx, zhang, {"rating": "B"}, customer_detail(ctx, zhang).updated_at)
    save(dialog, qtbot, settle, rating="C")
    assert "changed meanwhile" in dialog.trouble.text()
    assert customer_detail(ctx, zhang).rating == "B"
    dialog.reject()


def test_fields_of_this_office_are_asked_and_shown(
    pane: CustomerPane, ctx: Context, admin_ctx: Context, qtbot: QtBot, settle: Settle
) -> None:
    save_field(admin_ctx, Field(key="", title="职业", kind=FieldKind.TEXT))
    save_field(admin_ctx, Field(key="", title="等级", kind=FieldKind.CHOICE, choices=("金", "银")))
    save_field(admin_ctx, Field(key="", title="老客户", kind=FieldKind.FLAG))
    pane.reload()
    settle()
    qtbot.mouseClick(pane.edit, Qt.MouseButton.LeftButton)
    wanted = {"extra.f1": "教师", "extra.f2": "银", "extra.f3": "yes"}
    save(opened(CustomerDialog), qtbot, settle, **wanted)
    assert {"职业", "教师", "等级", "银", "老客户", "yes"} <= set(texts(pane.person))


def test_the_identity_number_asks_for_a_reason(
    pane: CustomerPane, zhang: int, ctx: Context, qtbot: QtBot, settle: Settle
) -> None:
    assert pane.person.identity.isHidden()
    edit_customer(ctx, zhang, {"id_number": ID_NUMBER}, customer_detail(ctx, zhang).updated_at)
    pane.reload()
    settle()
    assert pane.person.identity.number.text() == "****002X"
    qtbot.mouseClick(pane.person.identity.eye, Qt.MouseButton.LeftButton)
    save(opened(RevealDialog), qtbot, settle, reason="签约核对")
    assert pane.person.identity.number.text() == ID_NUMBER
    pane.person.identity._timer.timeout.emit()
    assert pane.person.identity.number.text() == "****002X"
    assert actions(ctx)[-1] == "customer.reveal_id"


def test_the_account_of_a_loan_asks_for_a_reason(
    pane: CustomerPane, zhang: int, ctx: Context, qtbot: QtBot, settle: Settle
) -> None:
    with ctx.database.read() as session:
        loan_id = session.scalars(select(Loan.id).where(Loan.customer_id == zhang)).first()
    assert loan_id is not None
    (view, *_others) = pane.loans.rows.widgets
    assert view.account.isHidden()
    edit_loan(ctx, loan_id, {"account": ACCOUNT}, customer_detail(ctx, zhang).loans[0].updated_at)
    pane.reload()
    settle()
    assert view.account.number.text() == "****" + ACCOUNT[-4:]
    qtbot.mouseClick(view.account.eye, Qt.MouseButton.LeftButton)
    save(opened(RevealDialog), qtbot, settle, reason="核对扣款")
    assert view.account.number.text() == ACCOUNT
    view.account._timer.timeout.emit()
    assert view.account.number.text() == "****" + ACCOUNT[-4:]
    assert actions(ctx)[-1] == "customer.reveal_account"


def test_further_numbers(
    pane: CustomerPane, ctx: Context, qtbot: QtBot, settle: Settle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("console.screens.customers.detail.confirm", lambda *_args, **_more: True)
    qtbot.mouseClick(pane.person.new_phone, Qt.MouseButton.LeftButton)
    save(opened(PhoneDialog), qtbot, settle, phone="139 1111 2222", label="单位")
    (line,) = pane.person.phones.widgets
    assert {"单位", "139****2222"} <= set(texts(pane.person))
    qtbot.mouseClick(line.eye, Qt.MouseButton.LeftButton)
    save(opened(RevealDialog), qtbot, settle, reason="回访")
    assert line.number.text() == "13911112222"
    qtbot.mouseClick(line.main, Qt.MouseButton.LeftButton)
    settle()
    assert pane.phone.text() == "139****2222"
    qtbot.mouseClick(pane.person.phones.widgets[0].drop, Qt.MouseButton.LeftButton)
    settle()
    assert pane.person.phones.widgets == []


def test_a_customer_entered_by_hand(qtbot: QtBot, services: Services, ctx: Context, zhang: int, settle: Settle) -> None:
    page = CustomersPage(services)
    qtbot.addWidget(page)
    page.resize(1400, 800)
    page.show()
    page.arrive()
    settle()
    qtbot.mouseClick(page.new, Qt.MouseButton.LeftButton)
    settle()
    dialog = opened(CustomerDialog)
    save(dialog, qtbot, settle, name="", phone="13700001111")
    assert dialog.form._fields["name"].error.text() == "This is needed."
    save(dialog, qtbot, settle, name="赵六")
    assert page.detail._title.text() == "赵六"
    assert page.detail.phone.text() == "137****1111"
    assert actions(ctx) == ["customer.create"]


# Notes


def test_a_call_that_was_not_answered_takes_two_clicks(
    pane: CustomerPane, ctx: Context, settle: Settle, notices: list[Notice]
) -> None:
    menu = pane.call.menu()
    next(action for action in menu.actions() if action.text() == "Not answered").trigger()
    settle()
    with ctx.database.read() as session:
        (row,) = session.scalars(select(Contact))
    assert (row.kind, row.connected, row.body) == (ContactKind.CALL, False, "")
    assert "Call, not answered" in texts(pane.history)
    assert [notice.text for notice in notices] == ["The call was noted."]


def test_what_was_said(pane: CustomerPane, ctx: Context, qtbot: QtBot, settle: Settle) -> None:
    _call, visit, remark, _mind = pane.notes
    qtbot.mouseClick(remark, Qt.MouseButton.LeftButton)
    dialog = opened(ContactDialog)
    save(dialog, qtbot, settle, body="")
    assert "Write what was said" in dialog.trouble.text()
    save(dialog, qtbot, settle, body="下午联系")
    qtbot.mouseClick(visit, Qt.MouseButton.LeftButton)
    loan = customer_detail(ctx, pane._customer_id or 0).loans[0].id
    save(opened(ContactDialog), qtbot, settle, body="上门核实", loan=loan)
    with ctx.database.read() as session:
        found = [(row.kind, row.body, row.loan_id) for row in session.scalars(select(Contact).order_by(Contact.id))]
    assert found == [(ContactKind.NOTE, "下午联系", None), (ContactKind.VISIT, "上门核实", loan)]
    assert {"下午联系", "上门核实"} <= set(texts(pane.history))


def test_a_promise_stands_at_the_top_until_it_is_ended(
    pane: CustomerPane, ctx: Context, qtbot: QtBot, settle: Settle
) -> None:
    qtbot.mouseClick(pane.notes[3], Qt.MouseButton.LeftButton)
    save(opened(CircumstanceDialog), qtbot, settle, note="周五还", until=date(2026, 11, 27))
    (view,) = pane.circumstances.widgets
    assert view._badge.accessibleName() == "Promised to pay until 2026-11-27"
    with ctx.database.read() as session:
        (row,) = session.scalars(select(Circumstance))
    assert row.until == datetime(2026, 11, 27, 16, 0, tzinfo=UTC)  # midnight after the last day, in China
    qtbot.mouseClick(view.end, Qt.MouseButton.LeftButton)
    save(opened(EndCircumstanceDialog), qtbot, settle, note="已还清")
    assert pane.circumstances.widgets == []


def test_consents(pane: CustomerPane, ctx: Context, qtbot: QtBot, settle: Settle) -> None:
    def record(purpose: int, **values: object) -> None:
        assert pane.consents._found is not None
        pane.consents._record(pane.consents._found.consents[purpose])
        save(opened(ConsentDialog), qtbot, settle, **values)

    record(4, evidence="表单 17")
    record(4, evidence="录音 5", source="phone")
    shown = texts(pane.consents)
    assert "2026-11-23 · on the phone: 录音 5" in shown
    assert not any("表单 17" in text for text in shown)
    qtbot.mouseClick(link(pane.consents, "All 2"), Qt.MouseButton.LeftButton)
    assert "Agreed · 2026-11-23 · at the counter: 表单 17" in texts(pane.consents)
    with ctx.database.read() as session:
        assert [row.granted for row in session.scalars(select(Consent).order_by(Consent.id))] == [True, False]


def test_on_the_do_not_contact_list_and_off(pane: CustomerPane, ctx: Context, qtbot: QtBot, settle: Settle) -> None:
    qtbot.mouseClick(pane.consents.suppress, Qt.MouseButton.LeftButton)
    save(opened(SuppressDialog), qtbot, settle, reason="要求不再联系")
    assert "Not to be written to: All messages" in texts(pane.consents)
    qtbot.mouseClick(link(pane.consents, "End…"), Qt.MouseButton.LeftButton)
    save(opened(EndSuppressionDialog), qtbot, settle, reason="客户来函")
    assert "Not to be written to: All messages" not in texts(pane.consents)
    with ctx.database.read() as session:
        assert session.scalars(select(Suppression.until)).one() is not None


def test_the_word_of_head_office_is_not_the_officers_to_end(
    pane: CustomerPane, zhang: int, qtbot: QtBot, settle: Settle
) -> None:
    qtbot.mouseClick(pane.consents.suppress, Qt.MouseButton.LeftButton)
    save(opened(SuppressDialog), qtbot, settle, reason="名单", issuer="head_office")
    assert "Not to be written to: All messages" in texts(pane.consents)
    assert not [
        found for found in pane.consents.findChildren(QPushButton) if found.text() == "End…" and found.isVisible()
    ]


# Loans


def test_instalments_are_computed_paid_and_taken_back(
    pane: CustomerPane, ctx: Context, qtbot: QtBot, settle: Settle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("console.screens.customers.loanscard.confirm", lambda *_args, **_more: True)
    (view,) = pane.loans.rows.widgets
    qtbot.mouseClick(view.compute, Qt.MouseButton.LeftButton)
    settle()
    assert view.instalments.isVisibleTo(pane)
    assert len(view.instalments.table) == 12
    assert view._progress.accessibleName() == "4 of 12 instalments"
    view.instalments.table.selectRow(4)
    qtbot.mouseClick(view.instalments.pay, Qt.MouseButton.LeftButton)
    dialog = opened(PaymentDialog)
    save(dialog, qtbot, settle, amount="lots")
    assert dialog.form._fields["amount"].error.text()
    save(dialog, qtbot, settle, amount="10,240.00")
    assert view._progress.accessibleName() == "5 of 12 instalments"
    qtbot.mouseClick(view.instalments.back, Qt.MouseButton.LeftButton)
    settle()
    assert view._progress.accessibleName() == "4 of 12 instalments"
    with ctx.database.read() as session:
        assert len(session.scalars(select(Instalment)).all()) == 12


def test_a_loan_by_hand(pane: CustomerPane, ctx: Context, qtbot: QtBot, settle: Settle) -> None:
    qtbot.mouseClick(pane.loans.new, Qt.MouseButton.LeftButton)
    dialog = opened(LoanDialog)
    save(dialog, qtbot, settle, number="L9001", rate="much")
    assert dialog.form._fields["rate"].error.text()
    save(
        dialog, qtbot, settle, number="L9002", product="车贷", rate="4%", principal="8万", account="6222 0000 0000 1234"
    )
    first, second = (loan for loan in customer_detail(ctx, pane._customer_id or 0).loans)
    assert (second.number, second.principal, second.account_tail, second.account_known) == (
        "L9002", Decimal(80000), "1234", True,
    )  # fmt: skip
    qtbot.mouseClick(pane.loans.rows.widgets[1].edit, Qt.MouseButton.LeftButton)
    save(opened(LoanDialog), qtbot, settle, product="汽车贷")
    assert "汽车贷" in texts(pane.loans)
    assert first.number == "L9001"


# The time line


def _left_out(ctx: Context, zhang: int) -> None:
    with ctx.database.begin() as session:
        campaign = Campaign(
            name="营销", class_key="remind", audience={}, state=CampaignState.APPROVED, created_by=ctx.actor.user_id,
            created_at=AT, updated_at=AT,
        )  # fmt: skip
        session.add(campaign)
        session.flush()
        batch = Batch(
            kind=BatchKind.CAMPAIGN, campaign_id=campaign.id, class_key="remind", state=BatchState.OPEN,
            created_by=ctx.actor.user_id, created_at=AT,
        )  # fmt: skip
        session.add(batch)
        session.flush()
        reason = T("There is no consent for marketing.").dump()
        session.add(Exclusion(batch_id=batch.id, customer_id=zhang, rule="consent.missing", reason=reason))


def test_why_not(pane: CustomerPane, zhang: int, ctx: Context, qtbot: QtBot, settle: Settle) -> None:
    _left_out(ctx, zhang)
    pane.reload()
    settle()
    assert "There is no consent for marketing." in texts(pane.history)
    (view,) = pane.history.findChildren(EntryView)
    qtbot.mouseClick(view.why, Qt.MouseButton.LeftButton)
    settle()
    shown = texts(pane.history)
    assert {"Belonged to those whom “营销” is for", "Left out: No consent"} <= set(shown)
    pane.reload()
    settle()
    assert "Left out: No consent" in texts(pane.history)  # a refresh does not fold it
    (view,) = [each for each in pane.history.findChildren(EntryView) if each.isVisibleTo(pane)]
    qtbot.mouseClick(view.why, Qt.MouseButton.LeftButton)
    assert "Left out: No consent" not in texts(pane.history)


def _remarks(ctx: Context, zhang: int, number: int) -> None:
    with ctx.database.begin() as session:
        rows = [
            {
                "customer_id": zhang, "kind": ContactKind.NOTE, "at": AT - timedelta(hours=n), "body": f"记录 {n}",
                "created_by": ctx.actor.user_id, "created_at": AT,
            }
            for n in range(number)
        ]  # fmt: skip
        session.execute(insert(Contact), rows)


def test_older_entries_come_when_scrolled_to_and_rest_when_out_of_sight(
    pane: CustomerPane, zhang: int, ctx: Context, qtbot: QtBot, settle: Settle
) -> None:
    _remarks(ctx, zhang, 400)
    pane.reload()
    settle()
    bar = pane._pane.verticalScrollBar()

    def further() -> bool:
        bar.setValue(bar.maximum())
        return len(pane.history.entries) == 400 and not pane.history.more.isVisibleTo(pane)

    qtbot.waitUntil(further, timeout=30_000)
    settle()
    assert [entry.body for entry in pane.history.entries] == [f"记录 {n}" for n in range(400)]
    assert "记录 399" in texts(pane.history)
    qtbot.waitUntil(lambda: not pane.history._blocks[0].awake)
    assert "记录 0" not in texts(pane.history)  # far above: a gap of the same height
    pane.reload()
    settle()
    assert len(pane.history.entries) == 400
    bar.setValue(0)
    qtbot.waitUntil(lambda: "记录 0" in texts(pane.history))
    assert not pane.history._blocks[-1].awake


def test_what_is_new_comes_on_top_and_what_was_read_stays(
    pane: CustomerPane, zhang: int, ctx: Context, settle: Settle
) -> None:
    _remarks(ctx, zhang, 60)
    pane.reload()
    settle()
    pane.history._more()
    settle()
    assert len(pane.history.entries) == 60
    with ctx.database.begin() as session:
        row = session.scalars(select(Contact).order_by(Contact.at).limit(1)).one()
        row.at = AT + timedelta(hours=1)  # the oldest one moved to the top
    add_phone(ctx, zhang, "13911112222")
    pane.reload()
    settle()
    bodies = [entry.body or entry.title for entry in pane.history.entries]
    assert bodies == ["Further number added", "记录 59", *(f"记录 {n}" for n in range(59))]


def test_narrowed_to_a_kind(pane: CustomerPane, zhang: int, ctx: Context, settle: Settle) -> None:
    _left_out(ctx, zhang)
    _remarks(ctx, zhang, 3)
    pane.reload()
    settle()
    assert len(pane.history.entries) == 4
    pane.history.filter.set_value("left_out")
    pane.history.filter.chosen.emit("left_out")
    settle()
    assert [entry.kind.value for entry in pane.history.entries] == ["left_out"]
    pane.history.filter.chosen.emit("reply")
    settle()
    assert pane.history.entries == []
    assert "Nothing has happened with this customer yet." in texts(pane.history)


def test_another_customer_brings_another_time_line(
    pane: CustomerPane, zhang: int, ctx: Context, settle: Settle
) -> None:
    _remarks(ctx, zhang, 3)
    pane.reload()
    settle()
    with ctx.database.begin() as session:
        row = Customer(
            number="C002", name="李四", pinyin="lisi", initials="ls", phone="13912345678", phone_tail="5678",
            created_at=AT, updated_at=AT,
        )  # fmt: skip
        session.add(row)
        session.flush()
    pane.show_customer(row.id)
    settle()
    assert pane.history.entries == []
    assert "No loan is on file." in texts(pane.loans)


def test_who_may_not_edit_sees_no_buttons_for_it(
    supervisor_ctx: Context, services_of: Callable[[Context], Services], zhang: int, qtbot: QtBot
) -> None:
    services = services_of(supervisor_ctx)
    made = CustomerPane(services)
    qtbot.addWidget(made)
    made.show()
    made.show_customer(zhang)
    qtbot.waitUntil(lambda: services.tasks.idle)
    hidden = [made.edit, *made.notes, made.person.new_phone, made.loans.new, made.loans.rows.widgets[0].edit]
    assert not any(button.isVisibleTo(made) for button in hidden)
    assert "L9001" in texts(made)
    assert made.consents.suppress.isVisibleTo(made)


def test_names_for_those_who_do_not_see(pane: CustomerPane) -> None:
    named = [pane.edit, pane.eye, pane.loans.arrow, pane.loans.new, pane.person.new_phone, pane.history.filter]
    assert all(widget.accessibleName() for widget in named)
    assert pane.loans.arrow.accessibleName() == "Fold Loans"


def test_found_by_the_whole_identity_number(
    qtbot: QtBot, services: Services, ctx: Context, zhang: int, settle: Settle, tmp_path: Path
) -> None:
    edit_customer(ctx, zhang, {"id_number": ID_NUMBER}, customer_detail(ctx, zhang).updated_at)
    page = CustomersPage(services)
    qtbot.addWidget(page)
    page.show()
    page.arrive()
    settle()
    assert page.bar.search is not None
    for typed, number in (("11010519491231002", 0), (ID_NUMBER, 1), ("110105 19491231 002x", 1)):
        page.bar.search.setText(typed)
        page._look()
        settle()
        assert len(page.table) == number, typed
    page.bar.search.setText(ID_NUMBER)
    page._look()
    settle()
    page.export(tmp_path / "a.xlsx")
    settle()
    with ctx.database.read() as session:
        details = session.scalars(select(AuditEntry.detail).where(AuditEntry.action == "customer.export")).all()
    assert len(details) == 1
    assert ID_NUMBER not in details[0]
    assert "****002X" in details[0]
