"""What an import will do, row by row, in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from console.core.customers.columns import FIELDS
from console.core.customers.difference import Gone
from console.core.customers.effects import Effect
from console.core.customers.normalise import phone, text
from console.core.customers.preparing import Prepared
from console.core.customers.problems import BadRow
from console.core.customers.totals import AMOUNTS, yuan
from console.core.format import local_date, masked_phone, money
from console.core.i18n import T, Text, clauses, listed, tr
from db.models import Customer, Loan

SHOWN = 50  # rows of the file that a preview begins with
_FIELD_OF = {  # columns that are not called as the field that fills them
    "id_digest": "id_number", "account_tail": "account", "account_digest": "account", "hours_from": "hours",
    "hours_to": "hours",
}  # fmt: skip
_HIDDEN = frozenset({"id_digest", "account_digest", "account_tail", "hours_from", "hours_to", "extra", "tags"})


class Mark(StrEnum):
    """What becomes of a row."""

    NEW = "new"
    CHANGED = "changed"
    SAME = "same"
    BAD = "bad"
    REPEATED = "repeated"
    GONE = "gone"


MARK_TITLES: Mapping[Mark, Text] = {
    Mark.NEW: T("New"),
    Mark.CHANGED: T("Changes"),
    Mark.SAME: T("As stored"),
    Mark.BAD: T("Not imported"),
    Mark.REPEATED: T("Repeats a row"),
    Mark.GONE: T("Gone"),
}
_MARKS = {Effect.NEW: Mark.NEW, Effect.CHANGED: Mark.CHANGED, Effect.SAME: Mark.SAME}


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of a preview."""

    row: int  # as the spreadsheet counts; 0 for one that does not stand in the file
    name: str
    phone: str  # masked
    number: str  # of the loan, else of the customer
    mark: Mark
    what: str  # the fields that change, or why not
    position: int = -1  # in ``Checked.valid``, of a row that can be imported


def title_of(name: str) -> str:
    """A column that changes, in words."""
    if name == "extra":
        return tr("Own fields")
    return str(FIELDS[_FIELD_OF.get(name, name)].title)


def titles_of(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(map(title_of, names)))


def first_rows(prepared: Prepared) -> list[int | BadRow]:
    """The first rows of the file, valid or not, in its order."""
    checked = prepared.checked
    good: list[tuple[int, int | BadRow]] = [(index, at) for at, index in enumerate(checked.valid[: 2 * SHOWN])]
    bad: list[tuple[int, int | BadRow]] = [(each.index, each) for each in (*checked.invalid, *checked.duplicates)]
    return [found for _, found in sorted(good + bad, key=lambda each: each[0])[:SHOWN]]


def shown_rows(session: Session, prepared: Prepared, wanted: Sequence[int | BadRow | Gone]) -> list[Row]:
    """These as lines; what is stored of the ones that change is read for it."""
    positions = [one for one in wanted if isinstance(one, int)]
    known = [prepared.known[at] for at in positions if at in prepared.known]
    people = {one.customer_id for one in known if one.customer_id}
    loans = {one.loan_id for one in known if one.loan_id}
    stored: dict[tuple[str, int], Customer | Loan] = {}
    for person in session.scalars(select(Customer).where(Customer.id.in_(people))):
        stored["customer", person.id] = person
    for loan in session.scalars(select(Loan).where(Loan.id.in_(loans))):
        stored["loan", loan.id] = loan
    return [_line(prepared, one, stored) for one in wanted]


def _line(prepared: Prepared, one: int | BadRow | Gone, stored: Mapping[tuple[str, int], Customer | Loan]) -> Row:
    if isinstance(one, Gone):
        words = [one.product, money(one.amount_due) if one.amount_due is not None else ""]
        what = listed(word for word in words if word)
        return Row(row=0, name=one.name, phone=one.phone, number=one.number, mark=Mark.GONE, what=what)
    if isinstance(one, BadRow):
        return _bad(prepared, one, Mark.BAD if one not in prepared.checked.duplicates else Mark.REPEATED)
    if one in prepared.refused:
        return _bad(prepared, prepared.refused[one], Mark.BAD)
    effect = prepared.effect(one) or Effect.SAME
    checked = prepared.checked
    columns = checked.columns
    what = clauses(_changes(prepared, one, stored)) if effect is Effect.CHANGED else _brings(prepared, one)
    return Row(
        row=checked.sheet.first_row + checked.valid[one],
        name=str(columns["name"][one]) if "name" in columns else "",
        phone=masked_phone(str(columns["phone"][one])) if "phone" in columns else "",
        number=str((columns.get("loan_number") or columns.get("number") or {one: ""})[one]),
        mark=_MARKS[effect],
        what=what,
        position=one,
    )


def _bad(prepared: Prepared, bad: BadRow, mark: Mark) -> Row:
    cells, mapping = prepared.checked.sheet.rows[bad.index], prepared.checked.mapping

    def cell(key: str) -> str:
        return text(cells[mapping.index(key)]) if key in mapping else ""

    number = phone(cell("phone"))
    return Row(
        row=bad.row,
        name=cell("name"),
        phone=masked_phone(number) if isinstance(number, str) and number else cell("phone"),
        number=cell("loan_number") or cell("number"),
        mark=mark,
        what=clauses(bad.problems),
    )


def _brings(prepared: Prepared, position: int) -> str:
    if prepared.effect(position) is not Effect.NEW:
        return ""
    known, columns = prepared.known.get(position), prepared.checked.columns
    loan = bool(columns.get("loan_number") and columns["loan_number"][position])
    if known is not None and known.loan_id is not None:
        return tr("a new instalment")
    if known is not None and known.customer_id is not None:
        return tr("a new loan of a known customer")
    return tr("a new customer with a loan") if loan else tr("a new customer")


def _changes(prepared: Prepared, position: int, stored: Mapping[tuple[str, int], Customer | Loan]) -> list[str]:
    known, columns = prepared.known[position], prepared.checked.columns
    person, loan = stored.get(("customer", known.customer_id or 0)), stored.get(("loan", known.loan_id or 0))
    found: dict[str, str] = {}
    for name in prepared.changed_names(position):
        title = title_of(name)
        holder = person if hasattr(Customer, name) and name != "kind" else loan
        if name in _HIDDEN or name not in columns or holder is None or name.startswith("inst_"):
            found.setdefault(title, title)
            continue
        new = columns[name][position]
        before = _worded(getattr(holder, name)) or "—"
        after = _worded(yuan(new) if name in AMOUNTS and isinstance(new, int) else new)
        if name == "phone":
            before, after = masked_phone(before), masked_phone(after)
        found[title] = tr("{field} {before} → {after}", field=title, before=before, after=after)
    return list(found.values())


def _worded(value: object) -> str:
    if isinstance(value, Decimal):
        return money(value) if value.as_tuple().exponent == -2 else f"{value.normalize():f}"
    if isinstance(value, date) and not isinstance(value, datetime):
        return local_date(value)
    return "" if value is None else str(value)
