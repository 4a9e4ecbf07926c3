"""Templates as an Excel file: for a review on paper, for another branch, and back again as drafts."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from sqlalchemy.orm import Session

from console.core.context import Context
from console.core.customers import workbook as tables
from console.core.customers.errors_workbook import replacing
from console.core.errors import UserError
from console.core.format import local_datetime
from console.core.i18n import T, Text, tr
from console.core.listing import Sort
from console.core.messages.browse import TemplateFilter, TemplateRow, template_ids, template_rows
from console.core.messages.classes import CLASSES
from console.core.messages.editing import NAME_LENGTH, save_template
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
)
_HEADERS = {
    "key": ("key", "编号", "編號", "模板编号"),
    "name": ("name", "名称", "名稱", "模板名称"),
    "class": ("kind", "类别", "類別", "分类", "消息类别", "种类", "種類"),
    "body": ("text", "正文", "内容", "內容", "文本", "模板内容"),
}
_NEEDED = {"name", "class", "body"}
HEADER_ROWS = 12  # among which the header is looked for
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
        sheet = Sheet(name=T("Templates"), columns=_COLUMNS, rows=_cells(rows), total=len(rows))
        with fresh.open("wb") as file:
            workbook.write(file, [sheet], heading, lambda _done: None)
            file.flush()
            os.fsync(file.fileno())
        with ctx.database.begin() as session:
            ctx.audit(session, "template.export", "templates", file=path.name, rows=len(rows))
    return len(rows)


def _cells(rows: Sequence[TemplateRow]) -> Iterator[Row]:
    for row in rows:
        class_ = CLASSES.get(row.class_key)
        title = str(class_.title) if class_ else row.class_key
        yield row.key, row.name, title, row.body, row.number, str(STATE_TITLES[row.state])


def read_templates(ctx: Context, path: Path) -> list[Incoming]:
    """Compare every row with the library; nothing is written. Raises NotPermitted, NoTemplates, UnusableFile."""
    ctx.require(Permission.TEMPLATES_EDIT)
    book = tables.Book(path)
    read = (book.sheet(header_row=row) for row in range(1, HEADER_ROWS + 1))
    found = next(((sheet, places) for sheet in read if (places := _places(sheet.headers)).keys() >= _NEEDED), None)
    if found is None:
        raise NoTemplates()
    sheet, places = found
    with ctx.database.read() as session:
        known = _known(session)
    incoming = [
        _incoming(number, {key: _text(row, place) for key, place in places.items()}, known)
        for number, row in enumerate(sheet.rows, sheet.first_row)
        if any(_text(row, place) for place in places.values())
    ]
    if not incoming:
        raise NoTemplates()
    return incoming


def take_templates(ctx: Context, incoming: Sequence[Incoming], progress: Callable[[int, int], None]) -> int:
    """Save the new and the changed as drafts; how many. Raises NotPermitted, TemplateChanged, TemplateGone."""
    wanted = [each for each in incoming if each.effect in (Effect.NEW, Effect.CHANGED)]
    for done, each in enumerate(wanted, 1):
        save_template(
            ctx, template_id=each.template_id, name=each.name, class_key=each.class_key, body=each.body, seen=each.seen
        )
        progress(done, len(wanted))
    return len(wanted)


def _places(headers: Sequence[str]) -> dict[str, int]:
    titles = {"key": _COLUMNS[0], "name": _COLUMNS[1], "class": _COLUMNS[2], "body": _COLUMNS[3]}
    found: dict[str, int] = {}
    for place, header in enumerate(headers):
        word = header.strip().casefold()
        for key, words in _HEADERS.items():
            if word in words or word == str(titles[key].title).casefold():
                found.setdefault(key, place)
    return found


def _text(row: Sequence[object], place: int) -> str:
    value = row[place] if place < len(row) else ""
    return str(value).strip()


@dataclass(frozen=True)
class _Known:
    by_key: Mapping[str, TemplateRow]
    by_name: Mapping[tuple[str, str], TemplateRow]  # class and name


def _known(session: Session) -> _Known:
    ids = template_ids(session, TemplateFilter()) + template_ids(session, TemplateFilter(state="retired"))
    rows = template_rows(session, ids)
    return _Known({row.key: row for row in rows}, {(row.class_key, row.name): row for row in rows})


def _incoming(number: int, given: Mapping[str, str], known: _Known) -> Incoming:
    name, body = " ".join(given["name"].split()), given["body"]
    class_key = next((key for key, c in CLASSES.items() if given["class"] in (key, str(c.title), c.title.source)), "")
    same = known.by_key.get(given.get("key", "")) or known.by_name.get((class_key, name))
    why = _trouble(name, class_key, body, given["class"], same)
    if why is not None:
        effect = Effect.UNUSABLE
    elif same is None:
        effect = Effect.NEW
    else:
        effect = Effect.SAME if (same.name, same.body) == (name, body) else Effect.CHANGED
    return Incoming(
        row=number,
        template_id=same.id if same else None,
        seen=same.number if same else None,
        name=name,
        class_key=class_key,
        body=body,
        effect=effect,
        why=why,
    )


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
