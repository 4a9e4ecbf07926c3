"""Fields of customers that the administrator made up: declared here, their values in ``Customer.extra`` by key.

A value is what JSON can hold and both engines can compare: text and choice as text, a number as a number, a date as
``2026-11-21``, a flag as true or false. No value is no key.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from console.core.context import Context
from console.core.customers.dates import day
from console.core.customers.normalise import Refused, text
from console.core.errors import UserError
from console.core.format import local_date
from console.core.i18n import T, Text, tr
from console.core.security.permissions import Permission
from db.models import CustomField, FieldKind

__all__ = [
    "KIND_TITLES", "TITLE_LIMIT", "Field", "FieldKind", "FieldRefused", "Value", "clean", "fields", "move_field",
    "retire_field", "save_field", "shown",
]  # fmt: skip

TEXT_LIMIT = 200
TITLE_LIMIT = 40
CHOICES_LIMIT = 50
FIELDS_LIMIT = 60

KIND_TITLES: Mapping[FieldKind, Text] = {
    FieldKind.TEXT: T("Text"),
    FieldKind.NUMBER: T("Number"),
    FieldKind.DATE: T("Date"),
    FieldKind.CHOICE: T("One of a list"),
    FieldKind.FLAG: T("Yes or no"),
}
_YES = frozenset(["是", "有", "y", "yes", "1", "true", "√", "✓", "✔"])
_NO = frozenset(["否", "无", "無", "n", "no", "0", "false", "×", "x", "✗"])

Value = str | int | float | bool


class FieldRefused(UserError):
    """A declaration that cannot stand."""


@dataclass(frozen=True, kw_only=True)
class Field:
    key: str  # "" for one that is not stored yet
    title: str
    kind: FieldKind
    choices: tuple[str, ...] = ()  # of a choice
    position: int = 0
    retired: bool = False  # its values stay; it is neither shown nor asked for


def fields(session: Session, *, retired: bool = False) -> list[Field]:
    """In the administrator's order; those taken out of use only when asked for."""
    query = select(CustomField).order_by(CustomField.position, CustomField.key)
    if not retired:
        query = query.where(CustomField.retired.is_(False))
    return [_field(row) for row in session.scalars(query)]


def _field(row: CustomField) -> Field:
    return Field(
        key=row.key,
        title=row.title,
        kind=row.kind,
        choices=tuple(row.choices),
        position=row.position,
        retired=row.retired,
    )


# Values


def clean(field: Field, cell: object) -> Value | Refused | None:
    """A cell of a form or of a file as it is stored; None for an empty one."""
    value = text(cell)
    if not value:
        return None
    match field.kind:
        case FieldKind.TEXT:
            return value if len(value) <= TEXT_LIMIT else Refused(T("longer than {limit} characters", limit=TEXT_LIMIT))
        case FieldKind.NUMBER:
            return _number(value)
        case FieldKind.DATE:
            found = day(cell)
            return found.isoformat() if isinstance(found, date) else found
        case FieldKind.CHOICE:
            known = {choice.casefold(): choice for choice in field.choices}
            return known.get(value.casefold()) or Refused(T("“{value}” is none of the choices", value=value[:40]))
        case FieldKind.FLAG:
            return _flag(value.casefold())


def _number(value: str) -> int | float | Refused:
    refused = Refused(T("“{value}” is no number", value=value[:40]))
    try:
        exact = Decimal(value.replace(",", ""))
    except InvalidOperation:
        return refused
    if not exact.is_finite() or abs(exact) >= 10**15:
        return refused
    return int(exact) if exact == exact.to_integral_value() else float(exact)


def _flag(word: str) -> bool | Refused:
    if word in _YES:
        return True
    return False if word in _NO else Refused(T("“{value}” is neither yes nor no", value=word[:40]))


def shown(field: Field, value: object) -> str:
    """A stored value in words."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return tr("yes") if value else tr("no")
    if field.kind is FieldKind.NUMBER and isinstance(value, (int, float)):
        return f"{value:,}"
    if field.kind is FieldKind.DATE:
        return local_date(date.fromisoformat(str(value)))
    return str(value)


# Declaring


def save_field(ctx: Context, wanted: Field) -> str:
    """A new field, or another title or other choices of an old one; its kind stays. The key.

    Raises NotPermitted, FieldRefused.
    """
    ctx.require(Permission.SETTINGS_EDIT)
    with ctx.database.begin() as session:
        title, choices = _checked(session, wanted)
        if wanted.key:
            row = _row(session, wanted.key)
            row.title, row.choices = title, list(choices)
            action = "field.edit"
        else:
            row = _new(session, title, wanted.kind, choices)
            action = "field.create"
        ctx.audit(session, action, f"field:{row.key}", title=title, kind=row.kind.value)
        return row.key


def _checked(session: Session, wanted: Field) -> tuple[str, tuple[str, ...]]:
    title = text(wanted.title)
    if not title or len(title) > TITLE_LIMIT:
        raise FieldRefused(T("A field needs a title of at most {limit} characters.", limit=TITLE_LIMIT))
    taken = select(CustomField.key).where(func.lower(CustomField.title) == title.lower(), CustomField.key != wanted.key)
    if session.scalar(taken) is not None:
        raise FieldRefused(T("There is a field “{title}” already.", title=title), T("Choose another title."))
    choices = tuple(dict.fromkeys(filter(None, map(text, wanted.choices))))
    if wanted.kind is not FieldKind.CHOICE:
        return title, ()
    if not 2 <= len(choices) <= CHOICES_LIMIT or any(len(choice) > TITLE_LIMIT for choice in choices):
        limits = {"most": CHOICES_LIMIT, "limit": TITLE_LIMIT}
        raise FieldRefused(T("A list needs 2 to {most} choices of at most {limit} characters.", **limits))
    return title, choices


def _new(session: Session, title: str, kind: FieldKind, choices: Sequence[str]) -> CustomField:
    keys = set(session.scalars(select(CustomField.key)))
    if len(keys) >= FIELDS_LIMIT:
        raise FieldRefused(T("There are {limit} fields already.", limit=FIELDS_LIMIT), T("Take up a retired one."))
    key = next(name for number in range(1, FIELDS_LIMIT + 1) if (name := f"f{number}") not in keys)
    last = session.scalar(select(func.max(CustomField.position)))
    row = CustomField(key=key, title=title, kind=kind, choices=list(choices), position=0 if last is None else last + 1)
    session.add(row)
    session.flush()
    return row


def retire_field(ctx: Context, key: str, *, retired: bool) -> None:
    """Take a field out of use, or up again; what customers hold in it stays. Raises NotPermitted, FieldRefused."""
    ctx.require(Permission.SETTINGS_EDIT)
    with ctx.database.begin() as session:
        row = _row(session, key)
        if row.retired != retired:
            row.retired = retired
            ctx.audit(session, "field.retire" if retired else "field.restore", f"field:{key}", title=row.title)


def move_field(ctx: Context, key: str, by: int) -> None:
    """One place up (-1) or down (1) among those in use. Raises NotPermitted, FieldRefused."""
    ctx.require(Permission.SETTINGS_EDIT)
    with ctx.database.begin() as session:
        _row(session, key)
        order = [field.key for field in fields(session)]
        if key not in order:
            return
        place = order.index(key)
        other = place + by
        if not 0 <= other < len(order):
            return
        order[place], order[other] = order[other], order[place]
        for position, each in enumerate(order):
            _row(session, each).position = position
        ctx.audit(session, "field.move", f"field:{key}")


def _row(session: Session, key: str) -> CustomField:
    row = session.get(CustomField, key)
    if row is None:
        raise FieldRefused(T("There is no such field any more."), T("Refresh the list."))
    return row
