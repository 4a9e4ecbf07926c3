"""Customers by hand."""

from __future__ import annotations

import threading
from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import select

from console.core.clock import FixedClock
from console.core.context import Context
from console.core.customers import editing, secrets
from console.core.customers.editing import ChangedMeanwhile, Invalid, NoSuchCustomer, create_customer, edit_customer
from console.core.customers.fields import Field, save_field
from console.core.errors import NotPermitted
from db.models import AuditEntry, Customer, CustomerPhone, FieldKind

ID_NUMBER = "11010519491231002X"  # the example of GB 11643-1999


def _row(ctx: Context, customer_id: int) -> Customer:
    with ctx.database.read() as session:
        return session.get_one(Customer, customer_id)


def _phones(ctx: Context, customer_id: int) -> list[editing.Phone]:
    with ctx.database.read() as session:
        return editing.further_phones(session, customer_id)


def _audit(ctx: Context) -> list[tuple[str, str]]:
    with ctx.database.read() as session:
        rows = session.execute(select(AuditEntry.action, AuditEntry.detail).order_by(AuditEntry.id))
        return [(action, detail) for action, detail in rows]


def test_a_new_customer_is_cleaned_like_one_from_a_file(ctx: Context) -> None:
    entered = {
        "name": "张 三", "phone": "+86 138-0013-8000", "id_number": ID_NUMBER.lower(), "tags": "vip、常客",
        "region": "浦东", "channel": "sms", "hours_from": 540, "hours_to": 1080,
    }  # fmt: skip
    row = _row(ctx, create_customer(ctx, entered))
    assert (row.name, row.phone, row.phone_tail, row.pinyin, row.initials) == (
        "张三", "13800138000", "8000", "zhangsan", "zs",
    )  # fmt: skip
    assert (row.birthday, row.title, row.tags) == (date(1949, 12, 31), "女士", ["vip", "常客"])
    assert row.number.startswith("H")
    assert row.id_cipher is not None
    assert secrets.unseal(ctx.database, row.id_cipher) == ID_NUMBER
    ((action, detail),) = _audit(ctx)
    assert action == "customer.create"
    assert "13800138000" not in detail
    assert ID_NUMBER not in detail


def test_every_problem_is_told_at_once_and_nothing_is_written(ctx: Context) -> None:
    wrong = {
        "name": "123", "phone": "138001", "birthday": "2030-01-01", "id_number": "110105194912310021", "title": "Dr.",
        "region": "x" * 61, "channel": "smoke", "hours_from": 600, "hours_to": 540,
    }  # fmt: skip
    with pytest.raises(Invalid) as refusal:
        create_customer(ctx, wrong)
    assert refusal.value.problems.keys() == wrong.keys() - {"hours_from"}
    with pytest.raises(Invalid) as refusal:
        create_customer(ctx, {"name": "", "phone": ""})
    assert refusal.value.problems.keys() == {"name", "phone"}
    assert _audit(ctx) == []


def test_numbers_and_people_stand_once(ctx: Context, village: dict[str, int]) -> None:
    with pytest.raises(Invalid) as refusal:
        create_customer(ctx, {"number": "C001", "name": "新人", "phone": "13700000000"})
    assert "number" in refusal.value.problems
    with pytest.raises(Invalid, match="on file already"):
        create_customer(ctx, {"name": "张三", "phone": "13800138000"})
    row = _row(ctx, village["李四"])
    with pytest.raises(Invalid):
        edit_customer(ctx, row.id, {"number": "C001"}, row.updated_at)


def test_an_edit_writes_what_differs_and_names_it(ctx: Context, village: dict[str, int], clock: FixedClock) -> None:
    row = _row(ctx, village["张三"])
    changed = edit_customer(ctx, row.id, {"name": "章三", "region": "浦东", "rating": "B"}, row.updated_at)
    assert changed == ["name", "rating"]
    after = _row(ctx, row.id)
    assert (after.name, after.initials, after.rating, after.updated_at) == ("章三", "zs", "B", clock.now())
    assert _audit(ctx) == [("customer.edit", '{"changed":["name","rating"]}')]
    assert edit_customer(ctx, row.id, {"rating": "B"}, after.updated_at) == []
    assert len(_audit(ctx)) == 1


def test_two_windows_on_one_customer_lose_nothing(ctx: Context, village: dict[str, int]) -> None:
    seen = _row(ctx, village["张三"]).updated_at
    edit_customer(ctx, village["张三"], {"rating": "B"}, seen)
    with pytest.raises(ChangedMeanwhile, match="changed meanwhile"):
        edit_customer(ctx, village["张三"], {"rating": "C"}, seen)
    assert _row(ctx, village["张三"]).rating == "B"


def test_of_two_at_the_same_moment_one_is_told(ctx: Context, village: dict[str, int]) -> None:
    """The clock stands still: even so the time of the row moves on."""
    seen = _row(ctx, village["张三"]).updated_at
    told: list[str] = []
    ready = threading.Barrier(2)

    def edit(rating: str) -> None:
        ready.wait()
        try:
            edit_customer(ctx, village["张三"], {"rating": rating}, seen)
            told.append(rating)
        except ChangedMeanwhile:
            told.append("meanwhile")

    threads = [threading.Thread(target=edit, args=(rating,)) for rating in ("X", "Y")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (winner,) = set(told) - {"meanwhile"}
    assert told.count("meanwhile") == 1
    after = _row(ctx, village["张三"])
    assert after.rating == winner
    edit_customer(ctx, after.id, {"rating": "Z"}, after.updated_at)
    assert _row(ctx, after.id).updated_at > after.updated_at


def test_the_identity_number_is_checked_kept_sealed_and_removed(ctx: Context, village: dict[str, int]) -> None:
    row = _row(ctx, village["李四"])
    assert edit_customer(ctx, row.id, {"id_number": ID_NUMBER}, row.updated_at) == ["id_number", "birthday", "title"]
    held = _row(ctx, row.id)
    assert held.id_tail == "002X"
    with ctx.database.read() as session:
        assert secrets.customer_by_id_number(session, ctx.database, ID_NUMBER) == [row.id]
    assert edit_customer(ctx, row.id, {"id_number": ID_NUMBER}, held.updated_at) == []
    with pytest.raises(Invalid) as refusal:
        edit_customer(ctx, row.id, {"id_number": ID_NUMBER, "birthday": "1990-01-01"}, held.updated_at)
    assert refusal.value.problems.keys() == {"birthday"}
    with pytest.raises(Invalid):
        edit_customer(ctx, row.id, {"id_number": "1101**********002X"}, held.updated_at)
    assert edit_customer(ctx, row.id, {"id_number": ""}, held.updated_at) == ["id_number"]
    gone = _row(ctx, row.id)
    assert (gone.id_cipher, gone.id_digest, gone.id_tail) == (None, None, "")


def test_own_fields_are_checked_and_those_not_shown_stay(
    ctx: Context, admin_ctx: Context, village: dict[str, int]
) -> None:
    save_field(admin_ctx, Field(key="", title="家庭人数", kind=FieldKind.NUMBER))
    save_field(admin_ctx, Field(key="", title="等级", kind=FieldKind.CHOICE, choices=("金", "银")))
    row = _row(ctx, village["张三"])
    with pytest.raises(Invalid) as refusal:
        edit_customer(ctx, row.id, {"extra.f1": "four", "extra.f2": "铜"}, row.updated_at)
    assert refusal.value.problems.keys() == {"extra.f1", "extra.f2"}
    assert edit_customer(ctx, row.id, {"extra.f1": "4", "extra.f2": "金"}, row.updated_at) == ["extra.f1", "extra.f2"]
    row = _row(ctx, row.id)
    assert row.extra == {"f1": 4, "f2": "金"}
    edit_customer(ctx, row.id, {"extra.f2": ""}, row.updated_at)
    assert _row(ctx, row.id).extra == {"f1": 4}


def test_further_numbers(ctx: Context, village: dict[str, int]) -> None:
    zhang = village["张三"]
    work = editing.add_phone(ctx, zhang, "139 0000 1111", "单位")
    for wrong in ("13900001111", "13800138000", "123", ""):
        with pytest.raises(Invalid):
            editing.add_phone(ctx, zhang, wrong)
    editing.make_main(ctx, zhang, work)
    row = _row(ctx, zhang)
    assert (row.phone, row.phone_tail) == ("13900001111", "1111")
    assert [each.phone for each in _phones(ctx, zhang)] == ["13800138000"]
    with pytest.raises(Invalid):
        editing.remove_phone(ctx, village["李四"], work)
    editing.remove_phone(ctx, zhang, work)
    assert _phones(ctx, zhang) == []
    assert [action for action, _ in _audit(ctx)] == [
        "customer.phone_add", "customer.phone_main", "customer.phone_remove",
    ]  # fmt: skip
    assert not any("139" in detail for _, detail in _audit(ctx))


def test_a_changed_number_makes_an_open_form_old(ctx: Context, village: dict[str, int]) -> None:
    seen = _row(ctx, village["张三"]).updated_at
    editing.add_phone(ctx, village["张三"], "13900001111")
    with pytest.raises(ChangedMeanwhile):
        edit_customer(ctx, village["张三"], {"rating": "C"}, seen)


def test_rights_and_the_vanished(
    ctx: Context, supervisor_ctx: Context, village: dict[str, int], clock: FixedClock
) -> None:
    with pytest.raises(NotPermitted):
        create_customer(supervisor_ctx, {"name": "新人", "phone": "13700000000"})
    with pytest.raises(NotPermitted):
        edit_customer(supervisor_ctx, village["张三"], {"rating": "C"}, clock.now())
    with pytest.raises(NotPermitted):
        editing.add_phone(supervisor_ctx, village["张三"], "13900001111")
    with pytest.raises(NoSuchCustomer):
        edit_customer(ctx, 999_999, {"rating": "C"}, clock.now())
    with ctx.database.read() as session:
        assert session.scalars(select(CustomerPhone)).all() == []


def test_a_clock_that_goes_back_does_not_bring_an_old_form_to_life(
    ctx: Context, village: dict[str, int], clock: FixedClock
) -> None:
    edit_customer(ctx, village["张三"], {"rating": "B"}, _row(ctx, village["张三"]).updated_at)
    seen: datetime = _row(ctx, village["张三"]).updated_at
    clock.advance(timedelta(days=-1))
    edit_customer(ctx, village["张三"], {"rating": "C"}, seen)
    assert _row(ctx, village["张三"]).updated_at > seen
