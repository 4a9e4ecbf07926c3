"""Segments on record: versions, names, who may."""

from __future__ import annotations

import pytest
from sqlalchemy import update

from console.core.clock import FixedClock
from console.core.context import Context
from console.core.errors import NotPermitted
from console.core.segments import store
from console.core.segments.browse import segment_choices, segment_detail, segment_ids, segment_rows
from console.core.segments.conditions import BadConditions, Condition, Group
from console.core.segments.fields import UnknownField, own_field
from console.core.segments.operators import Operator
from db.models import CustomField, FieldKind, SegmentVersion
from tests.trail import actions

EAST = Group((Condition("customer.region", Operator.ONE_OF, ("城东",)),))
WEST = Group((Condition("customer.region", Operator.ONE_OF, ("城西",)),))


def test_an_edit_makes_the_next_version_and_leaves_the_first(ctx: Context, clock: FixedClock) -> None:
    first = store.save_segment(ctx, name=" 城东 客户 ", root=EAST)
    second = store.save_segment(ctx, segment_id=first.segment_id, name="城东 客户", root=WEST, seen=1)
    assert (first.number, second.number) == (1, 2)
    with ctx.database.read() as session:
        assert store.conditions_of(session, first.version_id) == EAST
        detail = segment_detail(session, first.segment_id, clock.now())
        rows = segment_rows(session, segment_ids(session))
    assert [(each.number, each.root, each.author) for each in detail.versions] == [(2, WEST, "王敏"), (1, EAST, "王敏")]
    assert [(row.name, row.number, row.pinned) for row in rows] == [("城东 客户", 2, None)]
    assert actions(ctx) == ["segment.create", "segment.save"]


def test_the_same_conditions_are_no_new_version_but_may_have_a_new_name(ctx: Context) -> None:
    first = store.save_segment(ctx, name="城东", root=EAST)
    again = store.save_segment(ctx, segment_id=first.segment_id, name="东边", root=EAST, seen=1)
    assert again == first
    assert actions(ctx) == ["segment.create", "segment.rename"]


def test_nobody_overwrites_what_they_have_not_seen(ctx: Context) -> None:
    first = store.save_segment(ctx, name="城东", root=EAST)
    store.save_segment(ctx, segment_id=first.segment_id, name="城东", root=WEST, seen=1)
    with pytest.raises(store.SegmentChanged):
        store.save_segment(ctx, segment_id=first.segment_id, name="城东", root=EAST, seen=1)


def test_names(ctx: Context) -> None:
    saved = store.save_segment(ctx, name="城东", root=EAST)
    with pytest.raises(store.NameTaken):
        store.save_segment(ctx, name="城东", root=WEST)
    for name in ("  ", "长" * 61):
        with pytest.raises(store.SegmentUnnamed):
            store.save_segment(ctx, name=name, root=WEST)
    with pytest.raises(BadConditions):
        store.save_segment(ctx, name="空", root=Group())
    copies = [store.copy_segment(ctx, saved.segment_id).segment_id for _ in range(2)]
    with ctx.database.read() as session:
        assert [row.name for row in segment_rows(session, copies)] == ["城东 (copy)", "城东 (copy) 2"]


def test_a_retired_segment_is_not_offered_until_it_is_taken_up_again(ctx: Context) -> None:
    saved = store.save_segment(ctx, name="城东", root=EAST)
    store.retire_segment(ctx, saved.segment_id)
    with ctx.database.read() as session:
        assert segment_ids(session) == []
        assert segment_ids(session, retired=True) == [saved.segment_id]
        assert segment_choices(session) == []
    other = store.save_segment(ctx, name="城东", root=WEST)
    with pytest.raises(store.NameTaken):
        store.restore_segment(ctx, saved.segment_id)
    store.retire_segment(ctx, other.segment_id)
    store.restore_segment(ctx, saved.segment_id)
    with ctx.database.read() as session:
        assert [(each.name, each.number, each.pin) for each in segment_choices(session)] == [("城东", 1, None)]


def test_who_may_not_edit_campaigns_may_only_look(supervisor_ctx: Context) -> None:
    for act in (
        lambda: store.save_segment(supervisor_ctx, name="城东", root=EAST),
        lambda: store.copy_segment(supervisor_ctx, 1),
        lambda: store.retire_segment(supervisor_ctx, 1),
        lambda: store.restore_segment(supervisor_ctx, 1),
    ):
        with pytest.raises(NotPermitted):
            act()


def test_an_own_field_must_be_there(ctx: Context) -> None:
    score = own_field("number", "score")
    root = Group((Condition(score.key, Operator.AT_LEAST, ("5",)),))
    with pytest.raises(UnknownField):
        store.save_segment(ctx, name="积分", root=root)
    with ctx.database.begin() as session:
        session.add(CustomField(key="score", title="积分", kind=FieldKind.NUMBER))
    saved = store.save_segment(ctx, name="积分", root=root)
    with ctx.database.begin() as session:
        session.execute(update(CustomField).values(retired=True))
    with ctx.database.read() as session:
        assert store.conditions_of(session, saved.version_id) == root  # its values are still there
        assert store.own_fields(session) == []
    with ctx.database.begin() as session:
        session.execute(update(CustomField).values(kind=FieldKind.DATE))
    with ctx.database.read() as session, pytest.raises(UnknownField):
        store.conditions_of(session, saved.version_id)


def test_a_version_that_this_program_does_not_understand_is_told_and_never_widened(
    ctx: Context, clock: FixedClock
) -> None:
    saved = store.save_segment(ctx, name="城东", root=EAST)
    newer = {"version": 1, "root": {"group": "all", "parts": [{"field": "customer.luck", "is": "yes", "value": []}]}}
    with ctx.database.begin() as session:
        session.execute(update(SegmentVersion).values(conditions=newer))
    with ctx.database.read() as session:
        version = segment_detail(session, saved.segment_id, clock.now()).versions[0]
        assert version.root is None
        assert "customer.luck" in str(version.trouble)
        with pytest.raises(UnknownField):
            store.conditions_of(session, saved.version_id)
