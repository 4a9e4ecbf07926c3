"""What was typed into the search, as conditions: name, pinyin, initials, phone or its tail, customer or loan number."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Select, and_, false, func, literal_column, or_, select, union_all
from sqlalchemy.orm import InstrumentedAttribute

from console.core.customers.prefix import starts_with
from db.models import Customer, Loan

Ids = Select[int]
_PREFIXES = r"-|^(?:\+|00)86"


@dataclass(frozen=True)
class Condition:
    """The same thing twice: which customers it holds for, and whether it holds for one.

    A million rows in an encrypted file make the difference: an index is read at a million entries in a quarter of a
    second, but each row that is looked up behind it costs its own page, some 40 microseconds.
    """

    members: tuple[Ids, ...]  # customers in any of these, each answered by one index alone
    test: ColumnElement[bool]  # of a row, in a form that no index is drawn to
    column: str = ""  # of the customer, where the condition is one value of it:
    value: str = ""
    in_use: bool = False  # nobody else is among the members
    in_order: bool = False  # an index has the members by their ids
    found: Sequence[int] | None = None  # the members themselves, where they are known

    def among(self) -> ColumnElement[bool]:
        """For few: goes to each of them."""
        return Customer.id.in_(self._all())

    def holds(self) -> ColumnElement[bool]:
        """For many: whoever walks along the list meets them.

        Wrapped, so that SQLite does not go to each instead, and PostgreSQL reads them once into a hash table.
        """
        return func.coalesce(Customer.id.in_(self._all()), false())

    def listed(self) -> Ids:
        """All members; to be merged with others by their ids.

        Summed, so that SQLite does not go through a whole table in the order of ids for some who stand in another.
        """
        if self.in_order:
            return self.members[0]
        listed = self._all().subquery()
        return select((listed.c[0] + 0).label("id"))

    def _all(self) -> Select[int] | ColumnElement[int]:
        return union_all(*self.members) if len(self.members) > 1 else self.members[0]  # type: ignore[return-value]


@dataclass(frozen=True)
class Way:
    """One index that finds a word. ``by_name``: it has the order by name beside it; ``ordered``: is in that order."""

    seek: ColumnElement[bool]
    by_name: bool = False
    ordered: bool = False

    @property
    def members(self) -> Ids:
        where = (self.seek, shown()) if self.by_name else (self.seek,)
        return select(Customer.id).where(*where).correlate(None)


def shown() -> ColumnElement[bool]:
    return Customer.active.is_(True)


def readings(text: str) -> Sequence[Sequence[str]]:
    """The ways to take what was typed; all words of one of them must be found. Empty for no text."""
    words = unicodedata.normalize("NFKC", text).split()
    joined = "".join(words)
    digits = re.sub(r"[\s\-]|^(?:\+|00)86", "", joined)
    if len(words) > 1 and digits.isdecimal() and digits.isascii():  # 138 0013 8000
        return [[digits]]
    if len(words) > 1 and joined.isascii() and joined.isalpha():  # li ming
        return [words, [joined]]
    return [words] if words else []


def found(text: str) -> ColumnElement[bool]:
    """The whole search as one condition on Customer."""
    return or_(*(and_(*(condition(word).among() for word in words)) for words in readings(text)))


def condition(word: str) -> Condition:
    return Condition(tuple(way.members for way in ways(word)) + loan_numbers(word), _fits(word))


def rarity(word: str) -> int:
    """How few a word may find, to begin with the rarest."""
    return len(word) * (1 if word.isascii() else 3)


def loan_numbers(word: str) -> tuple[Ids, ...]:
    if not word.isascii():
        return ()
    return (select(Loan.customer_id).where(_any_number(Loan.number, word)).correlate(None),)


def ways(word: str) -> list[Way]:
    """Where a word may stand in a customer's row."""
    if not word.isascii():
        return [Way(place, by_name=True) for place in _name_places(word)]
    found = [Way(_any_number(Customer.number, word))]
    digits = re.sub(_PREFIXES, "", word)
    if digits.isdecimal():
        return found + [Way(place) for place in _phone_places(digits)]
    small = word.casefold()
    found.append(Way(starts_with(Customer.pinyin, small), by_name=True, ordered=True))
    if len(small) > 1:  # a single initial begins the pinyin, too
        found.append(Way(starts_with(Customer.initials, small), by_name=True))
    return found


def _fits(word: str) -> ColumnElement[bool]:
    if not word.isascii():
        return Customer.name.contains(word, autoescape=True)
    loans = select(Loan.id).where(Loan.customer_id == Customer.id, _any_number(Loan.number, word))
    places = [_any_number(unindexed(Customer.number), word), loans.correlate(Customer).exists()]
    digits = re.sub(_PREFIXES, "", word)
    if digits.isdecimal():
        ends = Customer.phone.endswith(digits) if len(digits) >= 4 else literal_column("1") == literal_column("0")
        return or_(*places, starts_with(unindexed(Customer.phone), digits[-11:]), ends)
    small = word.casefold()
    sounds = starts_with(unindexed(Customer.pinyin), small), starts_with(unindexed(Customer.initials), small)
    return or_(*places, *sounds)


def unindexed(column: InstrumentedAttribute[str]) -> ColumnElement[str]:
    """The column's value, by a name that no index has."""
    return column.concat("")


def _any_number(column: InstrumentedAttribute[str] | ColumnElement[str], word: str) -> ColumnElement[bool]:
    return or_(*(starts_with(column, number) for number in sorted({word, word.upper()})))


def _name_places(word: str) -> list[ColumnElement[bool]]:
    """A Chinese name from each of its characters: an index for each of the first three, and one of the longer names.

    The numbers are written out, for that is how the indexes have them.
    """
    second, third = (func.substr(Customer.name, literal_column(place)) for place in "23")
    longer = and_(func.length(Customer.name) > literal_column("3"), Customer.name.contains(word, autoescape=True))
    return [starts_with(Customer.name, word), starts_with(second, word), starts_with(third, word), longer]


def _phone_places(digits: str) -> list[ColumnElement[bool]]:
    if len(digits) >= 11:
        return [Customer.phone == digits[-11:]]
    places: list[ColumnElement[bool]] = [starts_with(Customer.phone, digits)]
    if len(digits) == 4:
        places.append(Customer.phone_tail == digits)
    elif len(digits) > 4:
        places.append(and_(Customer.phone_tail == digits[-4:], Customer.phone.endswith(digits)))
    return places
