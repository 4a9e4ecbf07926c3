"""Variants of a template: stored with its version, checked and reviewed with it, out and in with the library."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import python_calamine as calamine

from console.core.context import Context
from console.core.errors import UserError
from console.core.listing import Sort
from console.core.messages import exchange, library
from console.core.messages.classes import CLASSES
from console.core.messages.editing import TemplateUnfit
from console.core.messages.exchange import Effect
from console.core.messages.variants import MOST, PRESETS, BadVariants, Variant, check_texts, choices
from console.core.segments.conditions import BadConditions, Condition, Group, dump
from console.core.segments.operators import Operator
from console.core.segments.store import save_segment

BODY = "${name}您好,您的${prod}应还${amt}元,咨询${tel}。"
GENTLE = BODY + "如已还款请忽略。"
GOLD = Group((Condition("customer.segment", Operator.ONE_OF, ("高净值",)),))
WHEN = dump(GOLD)


def variant(name: str = "温和", body: str = GENTLE, when: Any = WHEN) -> Variant:
    return Variant(name=name, body=body, when=when)


def saved(ctx: Context, *variants: Variant, **more: Any) -> library.Saved:
    return library.save_template(ctx, name="提醒", class_key="remind", body=BODY, variants=variants, **more)


def detail(ctx: Context, template_id: int) -> library.TemplateDetail:
    with ctx.database.read() as session:
        return library.template_detail(session, template_id)


def test_a_version_owns_its_variants_in_their_order(ctx: Context) -> None:
    made = saved(ctx, variant(), variant("坚定", BODY + "请尽快处理。"))
    found = detail(ctx, made.template_id).newest.variants
    assert [(each.name, each.said) for each in found] == [
        ("温和", "Segment (in the file) is 高净值"),
        ("坚定", "Segment (in the file) is 高净值"),
    ]
    turned = saved(ctx, *reversed(found), template_id=made.template_id)
    assert turned.number == 2
    assert saved(ctx, *reversed(found), template_id=made.template_id).number == 2  # the same again is no new version
    assert library.save_template(
        ctx, template_id=made.template_id, name="提醒", class_key="remind", body=BODY
    ).number == 2  # who says nothing of them leaves them as they are  # fmt: skip
    assert saved(ctx, template_id=made.template_id).number == 3
    assert [len(version.variants) for version in detail(ctx, made.template_id).versions] == [0, 2, 2]


def test_a_copy_has_them_too(ctx: Context) -> None:
    made = library.copy_template(ctx, saved(ctx, variant()).template_id)
    assert detail(ctx, made.template_id).newest.variants == (variant(),)


def test_a_template_is_found_by_the_words_of_a_variant(ctx: Context) -> None:
    made = saved(ctx, variant())
    library.save_template(ctx, name="别的", class_key="remind", body=BODY)
    with ctx.database.read() as session:
        for text in ("已还款请", " 温和 "):
            assert library.template_ids(session, library.TemplateFilter(text=text)) == [made.template_id]
        assert len(library.template_ids(session, library.TemplateFilter(text="应还${AMT}"))) == 2


def test_an_error_in_a_variant_is_one_of_the_version(ctx: Context) -> None:
    made = saved(ctx, variant(body="不还就坐牢。"))
    assert not made.fit
    with pytest.raises(TemplateUnfit) as refused:
        library.submit_template(ctx, made.template_id, 1)
    assert {finding.variant for finding in refused.value.findings if finding.level == "block"} == {"温和"}
    assert check_texts(BODY, (variant(),), CLASSES["remind"], "示例银行") == []


def test_what_was_reviewed_is_what_holds_whatever_becomes_of_the_segment(ctx: Context, supervisor_ctx: Context) -> None:
    segment = save_segment(ctx, name="贵宾", root=GOLD)
    with ctx.database.read() as session:
        chosen = next(each for each in choices(session) if each.title == "贵宾")
    assert chosen.said == "Segment (in the file) is 高净值"
    made = saved(ctx, variant(when=chosen.when))
    library.submit_template(ctx, made.template_id, 1)
    library.approve_template(supervisor_ctx, made.template_id, 1)
    other = Group((Condition("customer.segment", Operator.ONE_OF, ("大众",)),))
    save_segment(ctx, segment_id=segment.segment_id, name="贵宾", root=other)
    assert detail(ctx, made.template_id).newest.variants[0].when == WHEN


def test_ready_made_conditions_are_sound(ctx: Context) -> None:
    with ctx.database.read() as session:
        found = choices(session)
    assert len(found) == len(PRESETS)
    assert all(each.said for each in found)
    assert saved(ctx, *(variant(each.title[:30], when=each.when) for each in found)).fit


@pytest.mark.parametrize(
    "variants",
    [
        [variant(" ")],
        [variant("一" * 31)],
        [variant(), variant(body=BODY)],
        [variant(str(number)) for number in range(MOST + 1)],
    ],
)
def test_what_cannot_be_stored(ctx: Context, variants: list[Variant]) -> None:
    with pytest.raises(BadVariants):
        saved(ctx, *variants)


@pytest.mark.parametrize("when", [{}, {"version": 1, "root": {"group": "all", "parts": []}}, {"version": 9}])
def test_a_condition_that_is_not_understood_is_refused(ctx: Context, when: dict[str, Any]) -> None:
    with pytest.raises(BadConditions):
        saved(ctx, variant(when=when))


# As a file


def silent(done: int, total: int) -> None:
    pass


def test_they_go_out_and_come_back(ctx: Context, tmp_path: Path) -> None:
    made = saved(ctx, variant(), variant("坚定", BODY + "请尽快处理。"))
    path = tmp_path / "t.xlsx"
    exchange.export_templates(ctx, library.TemplateFilter(), Sort("class"), path)
    rows = calamine.CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python()
    assert [row[6] for row in rows[-3:]] == ["", "温和", "坚定"]
    assert rows[-1][7] == "Segment (in the file) is 高净值"
    assert [each.effect for each in exchange.read_templates(ctx, path)] == [Effect.SAME]
    saved(ctx, variant(body=BODY), template_id=made.template_id)
    (incoming,) = exchange.read_templates(ctx, path)
    assert incoming.effect is Effect.CHANGED
    assert exchange.take_templates(ctx, [incoming], silent) == 1
    assert [each.body for each in detail(ctx, made.template_id).newest.variants] == [GENTLE, BODY + "请尽快处理。"]


def test_a_file_without_that_column_says_nothing_of_them(ctx: Context, tmp_path: Path) -> None:
    made = saved(ctx, variant())
    path = tmp_path / "t.csv"
    path.write_text(f'模板名称,类别,正文\n提醒,remind,"{BODY}谢谢。"\n', "utf-8-sig")
    exchange.take_templates(ctx, exchange.read_templates(ctx, path), silent)
    assert detail(ctx, made.template_id).newest.variants == (variant(),)


@pytest.mark.parametrize("when", ["", "x", "[1]", json.dumps({"version": 1, "root": {}})])
def test_a_row_that_is_not_understood_is_told(ctx: Context, tmp_path: Path, when: str) -> None:
    path = tmp_path / "t.csv"
    quoted = when.replace('"', '""')
    path.write_text(
        f'模板名称,类别,变体,正文,条件\n提醒,remind,,"{BODY}",\n提醒,remind,温和,"{GENTLE}","{quoted}"\n', "utf-8-sig"
    )
    (incoming,) = exchange.read_templates(ctx, path)
    assert incoming.effect is Effect.UNUSABLE
    assert "A variant is not understood" in str(incoming.why)
    with pytest.raises(UserError):
        saved(ctx, variant(when={"version": 1, "root": {}}))
