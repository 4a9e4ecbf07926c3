"""Templates as an Excel file: for a review on paper, for another branch, and back again as drafts."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from sqlalchemy.orm import Session

from console.core.context import Context
from console.core.customers.errors_workbook import replacing
from console.core.customers.headed import rows_under_header
from console.core.errors import UserError
from console.core.format import local_datetime
from console.core.i18n import T, Text, tr
from console.core.listing import Sort
from console.core.messages.browse import TemplateFilter, TemplateRow, template_ids, template_rows
from console.core.messages.classes import CLASSES
from console.core.messages.editing import NAME_LENGTH, save_template
from console.core.messages.variants import Variant, said, tidy
from console.core.reports.table import Column, Kind, Row, Sheet
from console.core.security.permissions import Permission

STATE_TITLES: Mapping[str, Text] = {
    "approved": T("Approved"),
    "in_review": T("In review"),
    "returned": T("Returned"),
    "draft": T("Draft"),
    "retired": T("Retired"),
}
_COLUMNS = (
    Column(title=T("Key"), kind=Kind.CODE, width=18),
    Column(title=T("Name"), width=24),
    Column(title=T("Kind"), width=16),
    Column(title=T("Text"), width=90),
    Column(title=T("Version"), kind=Kind.COUNT, width=8),
    Column(title=T("State"), width=10),
    Column(title=T("Variant"), width=16),
    Column(title=T("For whom"), width=40),
    Column(title=T("Condition"), width=30),
)
_READ = ("key", "name", "class", "body", "", "", "variant", "", "when")  # keys of the columns that are taken back
_TITLES = {key: column.title for key, column in zip(_READ, _COLUMNS, strict=True) if key}
_HEADERS = {
    "key": ("key", "编号", "編號", "模板编号"),
    "name": ("name", "名称", "名稱", "模板名称"),
    "class": ("kind", "类别", "類別", "分类", "消息类别", "种类", "種類"),
    "variant": ("variant", "版本文字", "变体", "變體"),
    "when": ("condition", "条件", "條件"),
    "body": ("text", "正文", "内容", "內容", "文本", "模板内容"),
}
_NEEDED = {"name", "class", "body"}
LONGEST = 1_000  # characters of a text


class NoTemplates(UserError):
    def __init__(self) -> None:
        super().__init__(
            T("This file holds no templates."),
            T("It needs a header with a name, a kind and a text. Export the templates to see how it looks."),
        )


class Effect(StrEnum):
    NEW = "new"
    CHANGED = "changed"
    SAME = "same"
    UNUSABLE = "unusable"


@dataclass(frozen=True, kw_only=True)
class Incoming:
    """One row of a file, and what bringing it in would do."""

    row: int  # as the spreadsheet counts
    template_id: int | None
    seen: int | None  # version that the row was compared with
    name: str
    class_key: str
    body: str
    variants: tuple[Variant, ...] | None  # None: the file says nothing of them
    effect: Effect
    why: Text | None = None  # where it is unusable


def export_templates(ctx: Context, filter_: TemplateFilter, sort: Sort, path: Path) -> int:
    """What the list shows, newest texts; how many. Audited. Raises NotPermitted, EnvironmentTrouble."""
    from console.core.reports import workbook  # noqa: PLC0415 - loads openpyxl

    ctx.require(Permission.TEMPLATES_VIEW)
    by = tr("Exported by {name} at {time}", name=ctx.actor.name, time=local_datetime(ctx.clock.now()))
    heading = workbook.Heading(title=tr("Templates"), lines=(by,), author=ctx.actor.name)
    with replacing(path) as fresh:
        with ctx.database.read() as session:
            rows = template_rows(session, template_ids(session, filter_, sort))
            cells = list(_cells(session, rows))
        sheet = Sheet(name=T("Templates"), columns=_COLUMNS, rows=iter(cells), total=len(cells))
        workbook.write_file(fresh, [sheet], heading, lambda _done: None)
        with ctx.database.begin() as session:
            ctx.audit(session, "template.export", "templates", file=path.name, rows=len(rows))
    return len(rows)


def _cells(session: Session, rows: Sequence[TemplateRow]) -> Iterator[Row]:
    """One row a template, and under it one for each of its variants."""
    for row in rows:
        class_ = CLASSES.get(row.class_key)
        title = str(class_.title) if class_ else row.class_key
        state = str(STATE_TITLES[row.state])
        yield row.key, row.name, title, row.body, row.number, state, "", "", ""
        for each in said(session, row.variants):
            when = json.dumps(each.when, ensure_ascii=False)
            yield row.key, row.name, title, each.body, row.number, state, each.name, each.said, when


def read_templates(ctx: Context, path: Path) -> list[Incoming]:
    """Compare every row with the library; nothing is written. Raises NotPermitted, NoTemplates, UnusableFile."""
    ctx.require(Permission.TEMPLATES_EDIT)
    given = rows_under_header(path, _TITLES, _HEADERS, _NEEDED)
    if not given:
        raise NoTemplates()
    with ctx.database.read() as session:
        known = _known(session)
        return [_incoming(session, number, main, variants, known) for number, main, variants in _grouped(given)]


Given = Mapping[str, str]


def _grouped(given: Sequence[tuple[int, Given]]) -> Iterator[tuple[int, Given, list[Given] | None]]:
    """Each template with the rows of its variants, which stand under it; None where the file has no such column."""
    found: list[tuple[int, Given, list[Given]]] = []
    for number, row in given:
        if row.get("variant") and found and _same_template(found[-1][1], row):
            found[-1][2].append(row)
        else:
            found.append((number, row, []))
    for number, main, variants in found:
        yield number, main, variants if "variant" in main else None


def _same_template(main: Given, row: Given) -> bool:
    same = (main.get("key", ""), main["name"], main["class"])
    return same == (row.get("key", ""), row["name"], row["class"]) and not main.get("variant")


def take_templates(ctx: Context, incoming: Sequence[Incoming], progress: Callable[[int, int], None]) -> int:
    """Save the new and the changed as drafts; how many. Raises NotPermitted, TemplateChanged, TemplateGone."""
    wanted = [each for each in incoming if each.effect in (Effect.NEW, Effect.CHANGED)]
    for done, each in enumerate(wanted, 1):
        save_template(
            ctx,
            template_id=each.template_id,
            name=each.name,
            class_key=each.class_key,
            body=each.body,
            variants=each.variants,
            seen=each.seen,
        )
        progress(done, len(wanted))
    return len(wanted)


@dataclass(frozen=True)
class _Known:
    by_key: Mapping[str, TemplateRow]
    by_name: Mapping[tuple[str, str], TemplateRow]  # class and name


def _known(session: Session) -> _Known:
    ids = template_ids(session, TemplateFilter()) + template_ids(session, TemplateFilter(state="retired"))
    rows = template_rows(session, ids)
    return _Known({row.key: row for row in rows}, {(row.class_key, row.name): row for row in rows})


def _incoming(session: Session, number: int, given: Given, rows: list[Given] | None, known: _Known) -> Incoming:
    name, body = " ".join(given["name"].split()), given["body"]
    class_key = next((key for key, c in CLASSES.items() if given["class"] in (key, str(c.title), c.title.source)), "")
    same = known.by_key.get(given.get("key", "")) or known.by_name.get((class_key, name))
    why = _trouble(name, class_key, body, given["class"], same)
    variants: tuple[Variant, ...] | None = None
    if given.get("variant"):
        why = T("A variant stands under the row of its template.")
    elif rows is not None and why is None:
        try:
            variants = tidy(session, [_variant(row) for row in rows])
        except (UserError, ValueError) as error:
            why = T("A variant is not understood: {why}", why=str(getattr(error, "message", error)))
    if why is not None:
        effect = Effect.UNUSABLE
    elif same is None:
        effect = Effect.NEW
    else:
        unchanged = (same.name, same.body) == (name, body) and variants in (None, same.variants)
        effect = Effect.SAME if unchanged else Effect.CHANGED
    return Incoming(
        row=number,
        template_id=same.id if same else None,
        seen=same.number if same else None,
        name=name,
        class_key=class_key,
        body=body,
        variants=variants,
        effect=effect,
        why=why,
    )


def _variant(row: Given) -> Variant:
    """Raises ValueError where the condition is no JSON."""
    when = json.loads(row.get("when", ""))
    if not isinstance(when, dict):
        raise ValueError(row.get("when", ""))
    return Variant(name=row["variant"], when=when, body=row["body"])


def _trouble(name: str, class_key: str, body: str, given_class: str, same: TemplateRow | None) -> Text | None:
    if not class_key:
        return T("There is no kind “{kind}”.", kind=given_class[:40])
    if not 0 < len(name) <= NAME_LENGTH:
        return T("It has no name, or one that is too long.")
    if not 0 < len(body) <= LONGEST:
        return T("It has no text, or one that is too long.")
    if same is not None and same.class_key != class_key:
        return T("The kind of a saved template stays. Copy it to change it.")
    if same is not None and same.state == "retired":
        return T("The template is retired.")
    return None
