"""Customers by hand: the same rules as for a file, one customer at a time, nothing lost between two windows."""

from __future__ import annotations

import secrets as random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from console.core.context import Context
from console.core.customers import fields as own
from console.core.customers import normalise
from console.core.customers.dates import day
from console.core.customers.identity import Identity, identity
from console.core.customers.normalise import Refused
from console.core.customers.pinyin import spelled
from console.core.customers.secrets import Sealer, canonical, sealer
from console.core.errors import UserError
from console.core.i18n import T, Text
from console.core.security.permissions import Permission
from db.models import Customer, CustomerPhone, Loan

TITLES = ("", "先生", "女士")
CHANNELS: Mapping[str, Text] = {  # what a customer may prefer
    "": T("None stated"),
    "sms": T("Text message"),
    "phone": T("Telephone"),
    "email": T("E-mail"),
    "wechat": T("WeChat"),
    "letter": T("Letter"),
}
PHONES_LIMIT = 10
EXTRA = "extra."  # before the key of a field of the administrator's

_PLAIN: Mapping[str, int] = {"region": 60, "branch": 60, "manager": 60, "rating": 10, "segment": 40}


class Invalid(UserError):
    """``problems``: why, by field, as the form names them."""

    def __init__(self, problems: Mapping[str, Text]) -> None:
        super().__init__(next(iter(problems.values())))
        self.problems = problems


class ChangedMeanwhile(UserError):
    def __init__(self) -> None:
        super().__init__(
            T("This customer was changed meanwhile, in another window or by an import."),
            T("Nothing was saved. Close this window, look at what is new, and enter your changes again."),
        )


class NoSuchCustomer(UserError):
    def __init__(self) -> None:
        super().__init__(T("This customer is not in the database any more."), T("Refresh the list."))


class NotTheirLoan(UserError):
    def __init__(self) -> None:
        super().__init__(T("The customer does not have this loan any more."))


@dataclass(frozen=True, kw_only=True)
class Phone:
    id: int  # of the further number
    phone: str
    label: str


# The customer


def create_customer(ctx: Context, entered: Mapping[str, object]) -> int:
    """A new customer; the id. Without a number one is made up. Raises NotPermitted, Invalid.

    ``entered``: cells as they were typed, by the name of the column; ``id_number`` in full; own fields as
    ``extra.<key>``; ``hours_from`` and ``hours_to`` in minutes after midnight, or None.
    """
    ctx.require(Permission.CUSTOMERS_EDIT)
    seal, now = sealer(ctx.database), ctx.clock.now()
    with ctx.database.begin() as session:
        values = _read(session, entered, None, today=now.astimezone().date())
        _must(values, "name", "phone")
        number = values.pop("number", "") or f"H{random.token_hex(5).upper()}"
        _unique(session, str(number), None)
        _no_twin(session, str(values["name"]), str(values["phone"]))
        row = Customer(number=str(number), created_at=now, updated_at=now, tags=[], extra={})
        changed = _apply(row, values, seal)
        session.add(row)
        session.flush()
        ctx.audit(session, "customer.create", f"customer:{row.id}", changed=sorted({"number", *changed}))
        return row.id


def edit_customer(ctx: Context, customer_id: int, entered: Mapping[str, object], seen: datetime) -> list[str]:
    """Write what differs; only the fields in ``entered`` are looked at. The names of those that changed.

    ``seen``: ``updated_at`` of the row that the form was filled from.
    Raises NotPermitted, NoSuchCustomer, ChangedMeanwhile, Invalid.
    """
    ctx.require(Permission.CUSTOMERS_EDIT)
    seal, now = sealer(ctx.database), ctx.clock.now()
    with ctx.database.begin() as session:
        row = locked(session, customer_id)
        if row.updated_at != seen:
            raise ChangedMeanwhile()
        values = _read(session, entered, row, today=now.astimezone().date())
        for key in ("name", "phone", "number"):
            if key in values:
                _must(values, key)
        if "number" in values:
            _unique(session, str(values["number"]), row.id)
        changed = _apply(row, values, seal)
        if changed:
            touch(row, now)
            ctx.audit(session, "customer.edit", f"customer:{row.id}", changed=sorted(changed))
        return changed


def locked(session: Session, customer_id: int) -> Customer:
    """The row, and nobody else changes it until the transaction ends. Raises NoSuchCustomer."""
    row = session.scalar(select(Customer).where(Customer.id == customer_id).with_for_update())
    if row is None:
        raise NoSuchCustomer()
    return row


def require_loan(session: Session, customer_id: int, loan_id: int | None) -> None:
    """What is noted about a loan stands with whose loan it is. Raises NotTheirLoan."""
    loan = session.get(Loan, loan_id) if loan_id is not None else None
    if loan_id is not None and (loan is None or loan.customer_id != customer_id):
        raise NotTheirLoan()


def touch(row: Customer | Loan, now: datetime) -> None:
    """Every change moves the time on, so that no form filled before it can be saved after it."""
    row.updated_at = max(now, row.updated_at + timedelta(microseconds=1))


def _read(session: Session, entered: Mapping[str, object], row: Customer | None, *, today: date) -> dict[str, object]:
    """Raises Invalid with every problem at once."""
    values: dict[str, object] = {}
    problems: dict[str, Text] = {}
    declared = {EXTRA + field.key: field for field in own.fields(session)}
    for key, cell in entered.items():
        found = own.clean(declared[key], cell) if key in declared else _clean(key, cell, today)
        if isinstance(found, Refused):
            problems[key] = found.reason
        else:
            values[key] = found
    _check_hours(values, row, problems)
    _check_birthday(values, row, problems)
    if problems:
        raise Invalid(problems)
    return values


def _clean(key: str, cell: object, today: date) -> object:
    if key in _PLAIN:
        return normalise.limited(cell, _PLAIN[key])
    return _CLEAN[key](cell, today)


def _birthday(cell: object, today: date) -> object:
    found = day(cell)
    return normalise.today_or_earlier(found, today) if isinstance(found, date) else found


def _identity(cell: object, _today: date) -> object:
    if "*" in normalise.text(cell):
        return Refused(T("not an identity number of 18 characters"))
    found = identity(cell)
    return found if isinstance(found, Refused) else (canonical(normalise.text(cell)), found)


def _one_of(choices: Mapping[str, object] | tuple[str, ...]) -> Callable[[object, date], object]:
    def clean(cell: object, _today: date) -> object:
        value = normalise.text(cell)
        return value if value in choices else Refused(T("“{value}” is not understood here", value=value[:40]))

    return clean


def _minutes(cell: object, _today: date) -> object:
    if cell is None or (isinstance(cell, int) and 0 <= cell <= 24 * 60):
        return cell
    return Refused(T("not a time of day"))


_CLEAN: Mapping[str, Callable[[object, date], object]] = {
    "number": lambda cell, _today: normalise.number(cell),
    "name": lambda cell, _today: normalise.name(cell),
    "phone": lambda cell, _today: normalise.phone(cell),
    "title": _one_of(TITLES),
    "channel": _one_of(CHANNELS),
    "birthday": _birthday,
    "tags": lambda cell, _today: normalise.tags(cell),
    "id_number": _identity,
    "hours_from": _minutes,
    "hours_to": _minutes,
}


def _check_hours(values: Mapping[str, object], row: Customer | None, problems: dict[str, Text]) -> None:
    begin = values.get("hours_from", row.hours_from if row else None)
    end = values.get("hours_to", row.hours_to if row else None)
    if (begin is None) != (end is None):
        problems["hours_to"] = T("Both ends are needed, or none.")
    elif isinstance(begin, int) and isinstance(end, int) and begin >= end:
        problems["hours_to"] = T("The end comes before the beginning.")


def _check_birthday(values: dict[str, object], row: Customer | None, problems: dict[str, Text]) -> None:
    """An identity number says the birthday; what was typed beside it must not say another one."""
    match values.get("id_number"):
        case (str(), Identity() as found):
            birthday = values.get("birthday", row.birthday if row else None)
            if birthday is not None and birthday != found.birthday:
                problems["birthday"] = T("the identity number says {date}", date=found.birthday.isoformat())
            values["birthday"] = found.birthday
            if not values.get("title", row.title if row else ""):
                values["title"] = found.title


def _must(values: Mapping[str, object], *keys: str) -> None:
    missing = {key: T("This is needed.") for key in keys if not values.get(key)}
    if missing:
        raise Invalid(missing)


def _unique(session: Session, number: str, own_id: int | None) -> None:
    found = session.scalar(select(Customer.id).where(Customer.number == number))
    if found is not None and found != own_id:
        raise Invalid({"number": T("Another customer has this number.")})


def _no_twin(session: Session, name: str, phone: str) -> None:
    if session.scalar(select(Customer.id).where(Customer.phone == phone, Customer.name == name)) is not None:
        raise Invalid({"phone": T("This customer is on file already: same name, same number.")})


def _apply(row: Customer, values: Mapping[str, object], seal: Sealer) -> list[str]:
    """Write what differs; the names of the fields that it was."""
    changed = []
    extra = dict(row.extra)
    for key, value in values.items():
        if key.startswith(EXTRA):
            if extra.get(key.removeprefix(EXTRA)) != value:
                changed.append(key)
            extra[key.removeprefix(EXTRA)] = value
        elif key == "id_number":
            if _apply_identity(row, value, seal):
                changed.append(key)
        elif getattr(row, key) != (stored := list(value) if isinstance(value, tuple) else value):
            setattr(row, key, stored)
            changed.append(key)
    row.extra = {key: value for key, value in extra.items() if value is not None}
    if "name" in changed:
        row.pinyin, row.initials = spelled(row.name)
    if "phone" in changed:
        row.phone_tail = row.phone[-4:]
    return changed


def _apply_identity(row: Customer, value: object, seal: Sealer) -> bool:
    """True when another number stands there now than before."""
    number = value[0] if isinstance(value, tuple) else ""
    if not number:
        had = row.id_cipher is not None
        row.id_cipher, row.id_digest, row.id_tail = None, None, ""
        return had
    sealed = seal.seal(number)
    if row.id_digest == sealed.digest:
        return False
    row.id_cipher, row.id_digest, row.id_tail = sealed.cipher, sealed.digest, sealed.tail
    return True


# Further numbers


def further_phones(session: Session, customer_id: int) -> list[Phone]:
    query = select(CustomerPhone).where(CustomerPhone.customer_id == customer_id).order_by(CustomerPhone.id)
    return [Phone(id=row.id, phone=row.phone, label=row.label) for row in session.scalars(query)]


def add_phone(ctx: Context, customer_id: int, cell: object, label: object = "") -> int:
    """The id of the further number. Raises NotPermitted, NoSuchCustomer, Invalid."""
    ctx.require(Permission.CUSTOMERS_EDIT)
    phone, words = normalise.phone(cell), normalise.limited(label, 40)
    problems = {key: each.reason for key, each in (("phone", phone), ("label", words)) if isinstance(each, Refused)}
    if problems:
        raise Invalid(problems)
    if not phone:
        raise Invalid({"phone": T("This is needed.")})
    with ctx.database.begin() as session:
        row = locked(session, customer_id)
        known = further_phones(session, customer_id)
        if phone == row.phone or phone in {each.phone for each in known}:
            raise Invalid({"phone": T("The customer has this number already.")})
        if len(known) >= PHONES_LIMIT:
            raise Invalid({"phone": T("At most {limit} further numbers.", limit=PHONES_LIMIT)})
        added = CustomerPhone(customer_id=customer_id, phone=str(phone), label=str(words), created_at=ctx.clock.now())
        session.add(added)
        touch(row, ctx.clock.now())
        session.flush()
        ctx.audit(session, "customer.phone_add", f"customer:{customer_id}", name=str(words))
        return added.id


def make_main(ctx: Context, customer_id: int, phone_id: int) -> None:
    """This number becomes the one that is written to; the one before stays as a further number.

    Raises NotPermitted, NoSuchCustomer, Invalid.
    """
    ctx.require(Permission.CUSTOMERS_EDIT)
    with ctx.database.begin() as session:
        row, other = locked(session, customer_id), _phone(session, customer_id, phone_id)
        row.phone, other.phone = other.phone, row.phone
        row.phone_tail = row.phone[-4:]
        touch(row, ctx.clock.now())
        ctx.audit(session, "customer.phone_main", f"customer:{customer_id}", name=other.label)
        other.label = ""


def remove_phone(ctx: Context, customer_id: int, phone_id: int) -> None:
    """Raises NotPermitted, NoSuchCustomer, Invalid."""
    ctx.require(Permission.CUSTOMERS_EDIT)
    with ctx.database.begin() as session:
        row, other = locked(session, customer_id), _phone(session, customer_id, phone_id)
        session.delete(other)
        touch(row, ctx.clock.now())
        ctx.audit(session, "customer.phone_remove", f"customer:{customer_id}", name=other.label)


def _phone(session: Session, customer_id: int, phone_id: int) -> CustomerPhone:
    row = session.get(CustomerPhone, phone_id)
    if row is None or row.customer_id != customer_id:
        raise Invalid({"phone": T("The customer does not have this number any more.")})
    return row
