"""Word lists as an Excel file: one row a word, for head office to send round, and back again into the draft."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from console.core.compliance import wordlists
from console.core.compliance.changing import Incoming, with_lists
from console.core.compliance.drafts import record_of, rewrite, today
from console.core.compliance.sources import source_words
from console.core.context import Context
from console.core.customers.errors_workbook import replacing
from console.core.customers.headed import rows_under_header
from console.core.errors import UserError
from console.core.format import local_datetime
from console.core.i18n import T, Text, listed, tr
from console.core.messages.classes import CLASSES
from console.core.messages.findings import Level
from console.core.reports.table import Column, Kind, Row, Sheet
from console.core.security.permissions import Permission

_COLUMNS = (
    Column(title=T("Key"), kind=Kind.CODE, width=18),
    Column(title=T("List"), width=22),
    Column(title=T("Word"), width=20),
    Column(title=T("Allowed phrase"), width=20),
    Column(title=T("Level"), width=14),
    Column(title=T("For"), width=18),
    Column(title=T("Kinds"), width=30),
    Column(title=T("Why"), width=40),
    Column(title=T("How to mend it"), width=40),
    Column(title=T("Source"), width=40),
)
_KEYS = ("key", "title", "word", "allowed", "level", "scope", "kinds", "why", "mend", "source")
_HEADERS: Mapping[str, tuple[str, ...]] = {
    "key": ("key", "编号", "編號"),
    "title": ("list", "词表", "詞表"),
    "word": ("word", "词", "詞", "词语", "詞語", "关键词", "關鍵詞", "敏感词", "敏感詞"),
    "allowed": ("allowed phrase", "允许的说法", "允許的說法", "白名单", "白名單"),
    "level": ("level", "级别", "級別", "等级", "等級"),
    "scope": ("for", "适用", "適用"),
    "kinds": ("kinds", "类别", "類別", "消息类别"),
    "why": ("why", "原因", "理由"),
    "mend": ("how to mend it", "怎样修改", "怎樣修改", "修改建议", "修改建議"),
    "source": ("source", "来源", "來源", "依据", "依據"),
}
_NEEDED = {"title", "word"}
_TERMS = ("level", "scope", "kinds", "why", "mend", "source")


class UnusableLists(UserError):
    """``row`` as the spreadsheet counts."""

    def __init__(self, row: int, why: Text) -> None:
        super().__init__(
            T("Row {row} of the file: {why}", row=row, why=str(why)), T("Nothing was taken. Mend the file first.")
        )


class NoLists(UserError):
    def __init__(self) -> None:
        super().__init__(
            T("This file holds no word lists."),
            T("It needs a header with a list and a word. Export the lists to see how it looks."),
        )


@dataclass
class _Gathered:
    row: int  # in which the list begins
    key: str
    title: str
    terms: dict[str, str]
    words: list[str] = field(default_factory=list)
    allowed: list[str] = field(default_factory=list)


def export_lists(ctx: Context, path: Path, pack_id: int | None = None) -> int:
    """Those of a draft, or with None of the rules in force; how many words. Audited. Raises EnvironmentTrouble."""
    from console.core.reports import workbook  # noqa: PLC0415 - loads openpyxl

    ctx.require(Permission.RULES_VIEW)
    by = tr("Exported by {name} at {time}", name=ctx.actor.name, time=local_datetime(ctx.clock.now()))
    heading = workbook.Heading(title=tr("Word lists"), lines=(by,), author=ctx.actor.name)
    with ctx.database.read() as session:
        rows = list(_rows(record_of(ctx, session, pack_id)["words"]))
    sheet = Sheet(name=T("Word lists"), columns=_COLUMNS, rows=iter(rows), total=len(rows))
    with replacing(path) as fresh:
        workbook.write_file(fresh, [sheet], heading, lambda _done: None)
        with ctx.database.begin() as session:
            ctx.audit(session, "rules.export_words", "rules", file=path.name, rows=len(rows))
    return len(rows)


def _rows(lists: Sequence[Mapping[str, Any]]) -> Iterator[Row]:
    for rule in lists:
        scope, kinds = wordlists.scope_of(rule)
        terms = (
            str(wordlists.LEVEL_TITLES[Level(rule["level"])]),
            str(wordlists.SCOPE_TITLES[scope]),
            listed(CLASSES[key].title for key in kinds),
            rule.get("why", ""),
            rule.get("mend", ""),
            source_words(rule["source"]),
        )
        for word in rule["words"]:
            yield rule["id"], wordlists.titled(rule), word, "", *terms
        for phrase in rule.get("allowed", ()):
            yield rule["id"], wordlists.titled(rule), "", phrase, *terms


def import_lists(ctx: Context, path: Path, pack_id: int) -> int:
    """Put the lists of a file in the place of those in the draft; lists that it does not name stay. How many changed.

    Raises NotPermitted, NoLists, UnusableLists, UnusableFile, BadPack, DraftGone.
    """
    ctx.require(Permission.RULES_EDIT)
    gathered = _gathered(path)
    return rewrite(ctx, pack_id, lambda record: with_lists(record, _incoming(gathered, record), today(ctx)), path.name)


def _gathered(path: Path) -> list[_Gathered]:
    titles = {key: column.title for key, column in zip(_KEYS, _COLUMNS, strict=True)}
    lists: dict[str, _Gathered] = {}
    for number, given in rows_under_header(path, titles, _HEADERS, _NEEDED):
        _gather(lists, number, given)
    if not lists:
        raise NoLists()
    return list(lists.values())


def _gather(lists: dict[str, _Gathered], number: int, given: Mapping[str, str]) -> None:
    key, title = given.get("key", ""), given["title"]
    if not title and not key:
        raise UnusableLists(number, T("it names no list."))
    terms = {name: given.get(name, "") for name in _TERMS}
    found = lists.setdefault(key or title, _Gathered(number, key, title, terms))
    for name, value in terms.items():
        if value and found.terms[name] and value != found.terms[name]:
            raise UnusableLists(number, T("it says otherwise than row {first} of the same list.", first=found.row))
        found.terms[name] = found.terms[name] or value
    if given["word"]:
        found.words.append(given["word"])
    if given.get("allowed"):
        found.allowed.append(given["allowed"])


def _incoming(gathered: Sequence[_Gathered], record: Mapping[str, Any]) -> list[Incoming]:
    by_key = {rule["id"]: rule for rule in record["words"]}
    by_title = {wordlists.titled(rule): rule for rule in record["words"]}
    return [_one(each, by_key.get(each.key) or by_title.get(each.title)) for each in gathered]


def _one(given: _Gathered, known: Mapping[str, Any] | None) -> Incoming:
    values: dict[str, Any] = {"words": given.words, "allowed": given.allowed}
    values |= {name: given.terms[name] for name in ("why", "mend")}
    if given.title and (known is None or wordlists.is_own(known["id"])):
        values["title"] = given.title
    if given.terms["level"]:
        values["level"] = _named(given, "level", {level.value: t for level, t in wordlists.LEVEL_TITLES.items()})
    if given.terms["scope"] or given.terms["kinds"]:
        kinds = [each for each in wordlists.split(given.terms["kinds"]) if each]
        values["kinds"] = [_kind(given, each) for each in kinds]
        default = wordlists.ONLY if kinds else wordlists.ALL
        values["scope"] = _named(given, "scope", wordlists.SCOPE_TITLES) if given.terms["scope"] else default
    source = given.terms["source"]
    if known is not None and source == source_words(known["source"]):
        source = known["source"]
    return Incoming(rule=known["id"] if known else wordlists.NEW, values=values, source=source)


def _named(given: _Gathered, name: str, titles: Mapping[str, Text]) -> str:
    word = given.terms[name].casefold()
    for key, title in titles.items():
        if word in (key, str(title).casefold(), title.source.casefold()):
            return key
    raise UnusableLists(given.row, T("“{word}” is not known.", word=given.terms[name]))


def _kind(given: _Gathered, word: str) -> str:
    for key, class_ in CLASSES.items():
        if word in (key, str(class_.title), class_.title.source):
            return key
    raise UnusableLists(given.row, T("There is no kind “{kind}”.", kind=word[:40]))
