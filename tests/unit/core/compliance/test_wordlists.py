"""Word lists as rules: what a form or a file may make of them, who approves, and what is told of a change."""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import python_calamine as calamine
from sqlalchemy import select

from console.core.compliance.changing import changed_pack, fields_of, without_list
from console.core.compliance.describe import Section, differences, views
from console.core.compliance.drafts import (
    DraftGone,
    approve_rules,
    change_rule,
    remove_list,
    start_draft,
    submit_draft,
    try_text,
)
from console.core.compliance.faults import BadPack
from console.core.compliance.overview import overview, version_changes
from console.core.compliance.pack import completed, read_pack
from console.core.compliance.policy import load_policy, shipped_pack
from console.core.compliance.versions import policy_at
from console.core.compliance.wordfile import NoLists, UnusableLists, export_lists, import_lists
from console.core.compliance.wordlists import MOST_WORDS, NEW, SHOWN
from console.core.context import Context
from console.core.errors import NotPermitted
from console.core.messages.findings import Level
from db.models import AuditEntry

PACK = shipped_pack()
TODAY = date(2026, 11, 23)
OURS = {
    "title": "本行用语",
    "level": "warn",
    "scope": "only",
    "kinds": ["market"],
    "words": "理财\n飞天、火箭",
    "allowed": "理财知识",
}


def made(rule: str = NEW, pack: Any = PACK, **values: Any) -> dict[str, Any]:
    return changed_pack(pack, rule, values, "circular", TODAY)


def the_list(pack: Any, rule: str) -> dict[str, Any]:
    return next(each for each in pack["words"] if each["id"] == rule)


def approved(admin: Context, checker: Context, pack_id: int) -> None:
    submit_draft(admin, pack_id, "as agreed", None)
    draft = overview(checker).draft
    assert draft is not None
    approve_rules(checker, pack_id, draft.digest)


def words_of(ctx: Context, text: str, class_key: str = "market") -> list[tuple[str, Level]]:
    with ctx.database.read() as session:
        hits = policy_at(session, ctx.clock.now()).words.hits(text, class_key)
    return [(hit.word, hit.list.level) for hit in hits]


def test_an_office_adds_a_list_that_holds_once_approved(admin_ctx: Context, supervisor_ctx: Context) -> None:
    pack_id = start_draft(admin_ctx)
    change_rule(admin_ctx, pack_id, NEW, OURS, "circular of 2026-11-20")
    assert words_of(admin_ctx, "理财") == []
    assert [str(each.why) for each in try_text(admin_ctx, pack_id, "飛天，理 財", "market")] == [
        "“飞天” stands on the list “本行用语”.",
        "“理财” stands on the list “本行用语”.",
    ]
    assert try_text(admin_ctx, None, "飛天", "market") == []
    approved(admin_ctx, supervisor_ctx, pack_id)
    assert words_of(admin_ctx, "理财") == [("理财", Level.WARN)]
    assert words_of(admin_ctx, "理财知识") == []
    assert words_of(admin_ctx, "理财", "remind") == []
    (change,) = version_changes(admin_ctx, 2)
    assert (change.title, change.before) == ("Words · 本行用语", "not there")
    assert "理财, 飞天, 火箭" in change.after
    with admin_ctx.database.read() as session:
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "rules.edit")).one()
    assert "火箭" in str(entry.detail)


def test_a_list_of_the_office_can_be_taken_away_again(admin_ctx: Context, supervisor_ctx: Context) -> None:
    pack_id = start_draft(admin_ctx)
    change_rule(admin_ctx, pack_id, NEW, OURS, "circular")
    approved(admin_ctx, supervisor_ctx, pack_id)
    pack_id = start_draft(admin_ctx)
    remove_list(admin_ctx, pack_id, "words.own-1")
    draft = overview(admin_ctx).draft
    assert draft is not None
    assert [(each.title, each.after) for each in draft.changes] == [("Words · 本行用语", "taken away")]
    with pytest.raises(BadPack):
        remove_list(admin_ctx, pack_id, "words.threat")
    approved(admin_ctx, supervisor_ctx, pack_id)
    assert words_of(admin_ctx, "理财") == []


def test_what_came_and_what_went_is_told_word_by_word() -> None:
    words = [*the_list(PACK, "words.lure")["words"][1:], "大礼包"]
    pack = made("words.lure", words="\n".join(words), level="hint", why="运营商会拦截")
    (change,) = differences(PACK, pack)
    assert change.before.splitlines() == ["Warning", "Taken off the list: 免费"]
    assert change.after.splitlines() == ["Hint", "Put on the list: 大礼包", "Why: 运营商会拦截"]


def test_a_list_that_only_grew_names_nothing_before() -> None:
    pack = made("words.lure", words="\n".join([*the_list(PACK, "words.lure")["words"], "大礼包"]))
    (change,) = differences(PACK, pack)
    assert (change.before, change.after) == ("", "Put on the list: 大礼包")


@pytest.mark.parametrize(
    ("rule", "values", "told"),
    [
        ("words.threat", {"level": "warn"}, "it can not be changed"),
        ("words.threat", {"words": "坐牢"}, "“抓人” must stay on it"),
        ("words.lure", {"words": ""}, "a list has 1 to"),
        ("words.lure", {"words": "。、 、*"}, "is no word"),
        ("words.lure", {"words": "一" * 41}, "is no word"),
        ("words.lure", {"words": "\n".join(f"词{n}" for n in range(MOST_WORDS + 1))}, "a list has 1 to"),
        ("words.lure", {"allowed": "免费"}, "is longer than a word of the list"),
        ("words.lure", {"allowed": "没有的"}, "is longer than a word of the list"),
        ("words.lure", {"level": "deadly"}, "there is no such level"),
        ("words.lure", {"scope": "only", "kinds": []}, "choose kinds of messages"),
        (NEW, OURS | {"title": " "}, "a list has a name"),
    ],
)
def test_what_a_list_may_not_be(rule: str, values: dict[str, Any], told: str) -> None:
    with pytest.raises(BadPack, match=told):
        made(rule, **values)


def test_a_binding_list_may_grow_and_allow_phrases() -> None:
    words = the_list(PACK, "words.threat")["words"]
    policy = read_pack(made("words.threat", words="\n".join([*words, "进局子"]), allowed="摄影曝光"), 2)
    assert [hit.word for hit in policy.words.hits("摄影曝光、曝光、進局子", "remind")] == ["曝光", "进局子"]


def test_no_list_of_an_office_binds_every_office() -> None:
    pack = made(**OURS)
    the_list(pack, "words.own-1")["hard"] = True
    with pytest.raises(BadPack, match="only what is shipped"):
        read_pack(pack)


def test_rules_that_were_stored_before_there_were_lists_have_the_shipped_ones() -> None:
    older = {key: value for key, value in PACK.items() if key != "words"}
    assert read_pack(completed(older), 2).words.lists == load_policy().words.lists


def test_a_list_says_what_it_is_for() -> None:
    long = OURS | {"words": "\n".join(f"词{n}" for n in range(SHOWN + 5)), "allowed": ""}
    told = {view.rule: view for view in views(made(**long)) if view.section is Section.WORDS}
    assert told["words.threat"].value.startswith("Must not leave; for every kind but: Fraud warning; 20 words\n")
    assert told["words.own-1"].value.endswith("and 5 more")
    assert told["words.own-1"].title == "本行用语"
    assert [each.key for each in fields_of(PACK, "words.threat")] == ["words", "allowed", "why", "mend"]
    assert without_list(made(**OURS), "words.own-1") == PACK


# As a file


def table(path: Path, *rows: tuple[str, ...]) -> Path:
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file).writerows(rows)
    return path


def test_what_went_out_comes_back_unchanged(admin_ctx: Context, tmp_path: Path) -> None:
    pack_id = start_draft(admin_ctx)
    change_rule(admin_ctx, pack_id, NEW, OURS, "circular")
    path = tmp_path / "w.xlsx"
    words = sum(len(each["words"]) + len(each.get("allowed", ())) for each in PACK["words"])
    assert export_lists(admin_ctx, path) == words
    assert export_lists(admin_ctx, path, pack_id) == words + 4
    rows = calamine.CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python()
    assert rows[-1][:7] == ["words.own-1", "本行用语", "", "理财知识", "Warning", "only the kinds below", "Marketing"]
    assert import_lists(admin_ctx, path, pack_id) == 0


def test_a_file_changes_and_adds_lists(admin_ctx: Context, tmp_path: Path) -> None:
    pack_id = start_draft(admin_ctx)
    path = table(
        tmp_path / "w.csv",
        ("词表", "敏感词", "白名单", "级别", "类别", "来源"),
        ("Lures", "免费", "", "", "", "总行2026-11-20通知"),
        ("Lures", "", "免费电话", "", "", ""),
        ("总行词表", "飞天", "", "second_approver", "market、survey", "总行2026-11-20通知"),
        ("总行词表", "火箭", "", "", "", ""),
    )
    assert import_lists(admin_ctx, path, pack_id) == 2
    draft = overview(admin_ctx).draft
    assert draft is not None
    own = next(rule for rule in draft.rules if rule.rule == "words.own-1")
    assert own.value.splitlines()[:2] == [
        "Two people approve; for: Marketing, Satisfaction survey; 2 words",
        "飞天, 火箭",
    ]
    lures = next(rule for rule in draft.rules if rule.rule == "words.lure")
    assert lures.value.splitlines()[1:] == ["免费", "Allowed: 免费电话"]
    assert lures.source == "总行2026-11-20通知"


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ([("甲", "词", "fatal", "", "s")], "Row 2 of the file: “fatal” is not known."),
        ([("甲", "词", "", "nothing", "s")], "Row 2 of the file: There is no kind “nothing”."),
        ([("", "词", "", "", "s")], "Row 2 of the file: it names no list."),
        ([("甲", "词", "hint", "", "s"), ("甲", "语", "block", "", "s")], "Row 3 .* otherwise than row 2"),
        ([("甲", "词", "", "", "")], "a rule names its source"),
    ],
)
def test_a_file_that_is_not_understood_changes_nothing(
    admin_ctx: Context, tmp_path: Path, rows: list[tuple[str, ...]], told: str
) -> None:
    pack_id = start_draft(admin_ctx)
    path = table(tmp_path / "w.csv", ("list", "word", "level", "kinds", "source"), *rows)
    with pytest.raises((UnusableLists, BadPack), match=told):
        import_lists(admin_ctx, path, pack_id)
    draft = overview(admin_ctx).draft
    assert draft is not None
    assert draft.changes == ()


def test_who_may_and_when(admin_ctx: Context, ctx: Context, tmp_path: Path) -> None:
    pack_id = start_draft(admin_ctx)
    path = table(tmp_path / "w.csv", ("list", "word"), ("甲", "词"))
    with pytest.raises(NotPermitted):
        import_lists(ctx, path, pack_id)
    with pytest.raises(NotPermitted):
        remove_list(ctx, pack_id, "words.own-1")
    with pytest.raises(NoLists):
        import_lists(admin_ctx, table(tmp_path / "x.csv", ("a", "b"), ("甲", "词")), pack_id)
    with pytest.raises(DraftGone):
        export_lists(admin_ctx, tmp_path / "y.xlsx", pack_id + 1)
