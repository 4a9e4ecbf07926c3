"""The segments page: conditions are written, read back, counted while they are typed, saved, pinned and used."""

from __future__ import annotations

import json
import runpy
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QLabel, QMenu, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from console.core.context import Context
from console.core.segments import counting, store
from console.core.segments.browse import segment_detail
from console.core.segments.conditions import Condition, Group, Logic, Related, checked_condition, dump, load
from console.core.segments.counting import Found
from console.core.segments.fields import Scope, own_field
from console.core.segments.operators import NEEDS, OPERATORS, Needs, Operator
from console.core.segments.starters import STARTERS
from console.screens.customers.screen import CustomersPage
from console.screens.segments import operations
from console.screens.segments import screen as screen_module
from console.screens.segments.answers import Several, Texts
from console.screens.segments.parts import ConditionRow, GroupBox, fields_in, new_condition
from console.screens.segments.screen import SegmentsPage
from console.shell.notices import Notice
from console.shell.services import Services

_World = runpy.run_path(str(Path(__file__).parents[1] / "campaign_world.py"))["World"]
WEST = Condition("customer.region", Operator.ONE_OF, ("城西",))
EAST = Condition("customer.region", Operator.ONE_OF, ("城东",))


@pytest.fixture
def world(ctx: Context) -> Any:
    made = _World(ctx)
    made.customers(30)  # every third in 城西; each with a loan due in five days
    return made


@pytest.fixture
def saved(ctx: Context, world: Any) -> int:
    return store.save_segment(ctx, name="城西", root=Group((WEST,))).segment_id


def shown(qtbot: QtBot, services: Services, settle: Callable[[], None], **arguments: object) -> SegmentsPage:
    made = SegmentsPage(services)
    qtbot.addWidget(made)
    made.resize(1240, 800)
    made.show()
    made.arrive(**arguments)
    settle()
    return made


def counted(qtbot: QtBot, page: SegmentsPage, number: str) -> None:
    qtbot.waitUntil(lambda: page.editor.found is not None and page.editor.people.number.text() == number)


def press(widget: QWidget, text: str, qtbot: QtBot) -> None:
    button = next(each for each in widget.findChildren(QPushButton) if each.text() == text and each.isVisible())
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def choose(menu: QMenu, *titles: str) -> None:
    for title in titles[:-1]:
        menu = next(m for m in menu.findChildren(QMenu) if m.title() == title)
    next(action for action in menu.actions() if action.text() == titles[-1]).trigger()


def row_at(page: SegmentsPage, *path: int) -> ConditionRow:
    part = page.editor.builder.part(*path)
    assert isinstance(part, ConditionRow)
    return part


def box_at(page: SegmentsPage, *path: int) -> GroupBox:
    part = page.editor.builder.part(*path)
    assert isinstance(part, GroupBox)
    return part


def test_a_segment_is_written_row_by_row(
    qtbot: QtBot, services: Services, world: Any, settle: Callable[[], None], ctx: Context, notices: list[Notice]
) -> None:
    page = shown(qtbot, services, settle, new=True)
    choose(box_at(page).add.menu, "Customer", "Region")
    settle()  # the office's regions are read meanwhile
    region = row_at(page, 0)
    assert isinstance(region.answer, Several)
    assert page.editor.found is None  # nothing is chosen yet: nobody is counted
    assert region.property("wrong") is True
    region.answer.popup.list.item(1).setCheckState(Qt.CheckState.Checked)
    counted(qtbot, page, "10")
    choose(box_at(page).add.menu, "Loans", "Amount due")
    amount = row_at(page, 1, 0).answer
    assert isinstance(amount, Texts)
    amount.fields[0].setText("1,0０0")
    qtbot.waitUntil(lambda: page.editor.people.words.text() == "customers · with 10 loans meant")
    assert page.editor.sentence.text.splitlines() == [
        "Region is 城西", "and has a loan, and of it:", "    Amount due at least 1,000.00 yuan",
    ]  # fmt: skip
    page.editor.name.setText("城西有贷")
    press(page, "Save", qtbot)
    settle()
    assert [notice.text for notice in notices] == ["Version 1 is saved"]
    with ctx.database.read() as session:
        detail = segment_detail(session, page.editor.detail.id, ctx.clock.now())  # type: ignore[union-attr]
    amount_due = Condition("loan.amount_due", Operator.AT_LEAST, ("1000",))
    assert detail.versions[0].root == Group((WEST, Related(Scope.LOAN, (amount_due,))))
    assert not page.editor.dirty


def test_a_change_is_counted_as_it_is_made_and_can_be_undone(
    qtbot: QtBot, services: Services, saved: int, settle: Callable[[], None]
) -> None:
    page = shown(qtbot, services, settle, segment_id=saved)
    counted(qtbot, page, "10")
    assert page.editor.people.words.text() == "customers"
    operator = row_at(page, 0).operator
    operator.setCurrentIndex(operator.findData("none_of"))
    counted(qtbot, page, "20")
    assert page.editor.dirty
    box = box_at(page).logic
    box.setCurrentIndex(box.findData("none"))
    counted(qtbot, page, "10")
    press(page, "Undo changes", qtbot)
    assert page.editor.builder.root == Group((WEST,))
    assert not page.editor.dirty


def test_the_newest_question_wins(qtbot: QtBot, services: Services, saved: int, settle: Callable[[], None]) -> None:
    """The one before is stopped; its answer never shows."""
    page = shown(qtbot, services, settle, segment_id=saved)
    counted(qtbot, page, "10")
    operator = row_at(page, 0).operator
    seen: list[str] = []
    show = page.editor.people.show_found
    page.editor.people.show_found = lambda found: (seen.append(str(found.customers)), show(found))  # type: ignore[method-assign,func-returns-value]
    for key in ("none_of", "one_of", "known"):
        operator.setCurrentIndex(operator.findData(key))
        page.editor.look()
    settle()
    assert seen[-1] == page.editor.people.number.text() == "30"


@pytest.fixture
def slow_count(services: Services, monkeypatch: pytest.MonkeyPatch) -> Iterator[Event]:
    """Counting ends when this is set; an estimate asks nine of the thirty."""
    gate, look = Event(), operations.look

    def waiting(root: Group) -> Callable[[Context], Found]:
        def work(ctx: Context) -> Found:
            gate.wait()
            return look(root)(ctx)

        return work

    monkeypatch.setattr(operations, "look", waiting)
    for name, value in (("_PLACES", 3), ("_BESIDE", 3), ("_WORTH", 2)):
        monkeypatch.setattr(counting, name, value)
    yield gate
    gate.set()


def test_a_long_count_shows_an_estimate_first(qtbot: QtBot, services: Services, saved: int, slow_count: Event) -> None:
    page = shown(qtbot, services, lambda: None, segment_id=saved)
    people = page.editor.people
    qtbot.waitUntil(lambda: page.editor.guessed is not None)
    assert people.number.text() == "≈ 10"
    assert people.words.text() == "estimated from 9 customers · counting all…"
    assert people.stop.isVisible()
    slow_count.set()
    counted(qtbot, page, "10")
    assert people.words.text() == "customers"
    assert not people.stop.isVisible()


def test_counting_is_stopped_and_taken_up_again(
    qtbot: QtBot, services: Services, saved: int, slow_count: Event, settle: Callable[[], None]
) -> None:
    page = shown(qtbot, services, lambda: None, segment_id=saved)
    people = page.editor.people
    qtbot.waitUntil(people.stop.isVisible)
    press(page, "Stop counting", qtbot)
    assert (people.number.text(), people.words.text()) == ("≈ 10", "estimated from 9 customers")
    slow_count.set()
    settle()
    assert page.editor.found is None  # what was stopped is not shown
    assert people.number.text() == "≈ 10"
    press(page, "Count them all", qtbot)
    counted(qtbot, page, "10")
    assert not people.again.isVisible()


def test_rows_are_moved_doubled_and_removed_with_the_keyboard(
    qtbot: QtBot, services: Services, ctx: Context, world: Any, settle: Callable[[], None]
) -> None:
    name = Condition("customer.name", Operator.KNOWN)
    inner = Group((EAST, name), Logic.ANY)
    segment = store.save_segment(ctx, name="树", root=Group((WEST, inner))).segment_id
    page = shown(qtbot, services, settle, segment_id=segment)
    builder = page.editor.builder

    def at(*path: int) -> QWidget:
        field = row_at(page, *path).field
        field.setFocus()
        qtbot.waitUntil(field.hasFocus)
        return field

    keys = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
    page.activateWindow()
    qtbot.waitUntil(page.isActiveWindow)
    qtbot.keyClick(at(1, 1), Qt.Key.Key_Up, keys)
    assert builder.root == Group((WEST, Group((name, EAST), Logic.ANY)))
    assert row_at(page, 1, 0).field.hasFocus()  # the keyboard stays with the row
    qtbot.keyClick(at(0), Qt.Key.Key_Down, keys)
    assert builder.root == Group((Group((name, EAST), Logic.ANY), WEST))
    qtbot.keyClick(at(1), Qt.Key.Key_D, Qt.KeyboardModifier.ControlModifier)
    assert builder.root.parts[1:] == (WEST, WEST)
    qtbot.keyClick(at(0, 0), Qt.Key.Key_Delete, keys)
    qtbot.keyClick(at(0, 0), Qt.Key.Key_Delete, keys)
    assert builder.root == Group((WEST, WEST))  # a group goes with its last part


def test_a_ready_made_segment_gives_name_and_conditions(
    qtbot: QtBot, services: Services, world: Any, settle: Callable[[], None]
) -> None:
    page = shown(qtbot, services, settle, new=True)
    choose(page.editor.starters, "Overdue 8 to 30 days")
    assert page.editor.name.text() == "Overdue 8 to 30 days"
    counted(qtbot, page, "0")
    assert page.editor.people.words.text() == "Nobody fits."


def test_what_was_not_saved_waits_until_its_segment_is_opened_again(
    qtbot: QtBot, services: Services, ctx: Context, saved: int, settle: Callable[[], None]
) -> None:
    other = store.save_segment(ctx, name="城东", root=Group((EAST,))).segment_id
    page = shown(qtbot, services, settle, segment_id=saved)
    operator = row_at(page, 0).operator
    operator.setCurrentIndex(operator.findData("known"))
    page.open(other)
    settle()
    assert page.editor.builder.root == Group((EAST,))
    page.open(saved)
    settle()
    assert page.editor.builder.root == Group((Condition("customer.region", Operator.KNOWN),))
    assert page.editor.dirty


def test_the_people_of_one_segment_never_stand_beside_another(
    qtbot: QtBot, services: Services, ctx: Context, saved: int, settle: Callable[[], None]
) -> None:
    other = store.save_segment(ctx, name="城东", root=Group((EAST,))).segment_id
    with ctx.database.read() as session:
        detail = segment_detail(session, other, ctx.clock.now())
    page = shown(qtbot, services, settle, segment_id=saved)
    counted(qtbot, page, "10")
    page.editor.load(page.editor.detail)
    assert page.editor.people.number.text() == "10"  # counted anew, and most likely the same
    page.editor.load(detail)
    assert page.editor.people.number.text() == "–"
    counted(qtbot, page, "20")


def test_pinning_copying_retiring(
    qtbot: QtBot,
    services: Services,
    saved: int,
    settle: Callable[[], None],
    notices: list[Notice],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    page = shown(qtbot, services, settle, segment_id=saved)
    press(page, "Pin who it is now", qtbot)
    qtbot.waitUntil(lambda: "10 customers" in page.editor.pin.words.text())
    settle()
    assert [row.text for row in notices] == ["10 customers stand on the list"]
    press(page, "Give up the list", qtbot)
    qtbot.waitUntil(lambda: "live" in page.editor.pin.words.text())
    settle()
    press(page, "Copy", qtbot)
    qtbot.waitUntil(lambda: page.editor.name.text() == "城西 (copy)")
    settle()
    monkeypatch.setattr(screen_module, "confirm", lambda *_args, **_kwargs: True)
    press(page, "Retire", qtbot)
    qtbot.waitUntil(page.editor.restore.isVisible)
    settle()
    assert page.table.records.rowCount() == 1
    assert not row_at(page, 0).isEnabled()
    press(page, "Use again", qtbot)
    qtbot.waitUntil(page.editor.retire.isVisible)


def test_conditions_that_are_being_written_stay_when_the_list_is_given_up(
    qtbot: QtBot, services: Services, saved: int, settle: Callable[[], None]
) -> None:
    page = shown(qtbot, services, settle, segment_id=saved)
    page.pin()
    qtbot.waitUntil(page.editor.unpin.isVisible)
    settle()
    operator = row_at(page, 0).operator
    operator.setCurrentIndex(operator.findData("known"))
    press(page, "Give up the list", qtbot)
    qtbot.waitUntil(page.editor.unpin.isHidden)
    settle()
    assert page.editor.builder.root == Group((Condition("customer.region", Operator.KNOWN),))
    assert page.editor.dirty


def test_ways_on_to_campaigns_and_customers(
    qtbot: QtBot, services: Services, saved: int, settle: Callable[[], None]
) -> None:
    page = shown(qtbot, services, settle, segment_id=saved)
    went: list[tuple[str, dict[str, Any]]] = []
    services.navigated.connect(lambda key, arguments: went.append((key, arguments)))
    press(page, "Campaign for these", qtbot)
    press(page, "Show in the customer list", qtbot)
    counted(qtbot, page, "10")
    page.editor.people.open_wanted.emit(3)
    assert went[0] == ("campaigns", {"segment_id": saved})
    assert went[1][0] == "customers"
    assert load(json.loads(went[1][1]["conditions"])) == Group((WEST,))
    assert went[2] == ("customers", {"customer_id": 3})
    page.new()
    settle()
    assert not page.editor.campaign.isEnabled()
    assert page.editor.campaign.toolTip() == "Save the segment first."
    assert page.editor.customers.toolTip().startswith("Add a condition")


def test_who_may_not_edit_sees_everything_and_changes_nothing(
    qtbot: QtBot,
    services_of: Callable[[Context], Services],
    supervisor_ctx: Context,
    saved: int,
) -> None:
    services = services_of(supervisor_ctx)
    page = SegmentsPage(services)
    qtbot.addWidget(page)
    page.show()
    page.arrive(segment_id=saved)
    counted(qtbot, page, "10")
    assert page.bar.primary is None
    assert not row_at(page, 0).isEnabled()
    shown_buttons = {each.text() for each in page.editor.findChildren(QPushButton) if each.isVisible()}
    assert "Show in the customer list" in shown_buttons
    assert not shown_buttons & {"Save", "Copy", "Retire", "Campaign for these", "Pin who it is now"}


def test_the_customer_list_shows_exactly_these(
    qtbot: QtBot, services: Services, world: Any, settle: Callable[[], None]
) -> None:
    page = CustomersPage(services)
    qtbot.addWidget(page)
    page.show()
    page.arrive(conditions=json.dumps(dump(Group((WEST,)))), segment_name="城西")
    settle()
    assert page.table.records.rowCount() == 10
    assert "Only the customers of 城西" in [each.text() for each in page.findChildren(QLabel) if each.isVisible()]
    page.show_all()
    settle()
    assert page.table.records.rowCount() == 30


def test_every_question_can_be_asked_with_the_row(qtbot: QtBot) -> None:
    """Each operator after each other one: what was filled in is kept where it fits, and never in the way."""
    today = date(2026, 11, 23)
    for scope in Scope:
        fields = fields_in(scope, [own_field(kind, kind[0]) for kind in ("text", "number", "date", "choice", "flag")])
        row = ConditionRow((0,), new_condition(fields[0], today), fields, today, editable=True)
        qtbot.addWidget(row)
        for place, field in enumerate(fields):
            row.field.setCurrentIndex(place)
            asked = OPERATORS[field.kind]
            for operator in (*asked, *reversed(asked)):
                row.operator.setCurrentIndex(row.operator.findData(operator.value))
                node = row.node()
                assert (node.field, node.operator) == (field.key, operator)
                if NEEDS[operator] not in (Needs.TEXT, Needs.SEVERAL, Needs.NUMBER, Needs.NUMBERS):
                    assert checked_condition(field, node) == node  # nothing is left for a person to complete


def test_tab_goes_through_a_row_from_the_field_to_its_value(
    qtbot: QtBot, services: Services, world: Any, settle: Callable[[], None]
) -> None:
    page = shown(qtbot, services, settle, new=True)
    page.editor.start_with(next(each for each in STARTERS if "1 to 7" in str(each.title)))
    settle()
    focused = next(each for each in page.findChildren(QWidget) if each.accessibleName() == "Condition")
    qtbot.waitUntil(focused.isVisible)
    focused.setFocus()
    went = []
    for _ in range(3):
        qtbot.keyClick(page.window().focusWidget(), Qt.Key.Key_Tab)
        now = page.window().focusWidget()
        assert now is not None
        went.append(now.accessibleName())
    assert went == ["Days overdue", "Days overdue", "Move up (Ctrl+Shift+Up)"]


def test_in_a_narrow_window_the_found_stand_under_the_conditions(
    qtbot: QtBot, services: Services, saved: int, settle: Callable[[], None]
) -> None:
    page = shown(qtbot, services, settle, segment_id=saved)
    editor = page.editor
    counted(qtbot, page, "10")

    def under() -> bool:
        people, sentence = (each.mapTo(editor, QPoint(0, 0)) for each in (editor.people, editor.sentence))
        return editor.people.isVisible() and people.x() == sentence.x() and people.y() > sentence.y()

    assert not under()
    page.resize(760, 700)
    qtbot.waitUntil(under)
    page.resize(1240, 800)
    qtbot.waitUntil(lambda: not under())
    assert editor.people.isVisible()
