"""Rows of one file that speak of the same customer, loan or instalment."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from console.core.customers.columns import Group, group_of
from console.core.customers.problems import Policy, Problem
from console.core.i18n import T, Text

_Columns = dict[str, list[object]]


@dataclass
class Repetitions:
    repeated: dict[int, Problem] = field(default_factory=dict)  # rows that say nothing new: left out
    contradicting: dict[int, Problem] = field(default_factory=dict)  # rows that a person has to look at
    leads: set[int] | None = None  # the first row of each customer; None: all are
    loan_leads: set[int] | None = None


def repetitions(columns: _Columns, good: list[int], row_of: Callable[[int], int], policy: Policy) -> Repetitions:
    """With UPDATE the values of a later row are written into the earlier one in ``columns``."""
    numbers, loans = columns.get("number"), columns.get("loan_number")
    distinct = "sequence" not in columns and (loans is None or _distinct(loans))
    if numbers is not None and "" not in numbers and distinct and _distinct(numbers):
        return Repetitions()
    return _Search(columns, row_of, policy).run(good)


def _distinct(values: list[object]) -> bool:
    return len(set(values)) == len(values)


class _Search:
    def __init__(self, columns: _Columns, row_of: Callable[[int], int], policy: Policy) -> None:
        self._columns, self._row_of, self._policy = columns, row_of, policy
        self._of = {
            group: [values for key, values in columns.items() if group_of(key) is group and key != "loan_number"]
            for group in Group
        }
        self._found = Repetitions(leads=set(), loan_leads=set())
        self._customers: dict[object, int] = {}
        self._loans: dict[object, int] = {}
        self._instalments: dict[object, int] = {}

    def run(self, good: list[int]) -> Repetitions:
        loans, sequences = self._columns.get("loan_number"), self._columns.get("sequence")
        for index in good:
            earlier = self._customer(index)
            if index in self._found.contradicting:
                continue
            loan = loans[index] if loans is not None else ""
            if sequences is not None:
                self._instalment(index, loan, sequences[index])
            elif loan:
                self._loan(index, loan)
            elif earlier is not None and self._equal(index, earlier, Group.CUSTOMER):
                self._repeat(index, earlier)
            elif earlier is not None:
                self._another_saying(index, earlier)
            if earlier is None and index not in self._found.contradicting:
                self._lead(index)
        return self._found

    def _customer(self, index: int) -> int | None:
        """The earlier row of the same customer."""
        phones, names, numbers = (self._columns.get(key) for key in ("phone", "name", "number"))
        if phones is None or names is None:
            return None
        earlier = self._customers.get((numbers and numbers[index]) or (phones[index], names[index]))
        if earlier is not None and (phones[earlier], names[earlier]) != (phones[index], names[index]):
            if self._policy is Policy.ASK:
                what = T("the same customer number as row {row}, with another name or phone", row=self._row_of(earlier))
                self._found.contradicting[index] = Problem("number", what)
            elif self._policy is Policy.UPDATE:
                self._overwrite(Group.CUSTOMER, index, earlier)
        return earlier

    def _another_saying(self, index: int, earlier: int) -> None:
        """The same customer once more, without a loan, with something else about them."""
        what = T("the same customer as row {row}, with other values", row=self._row_of(earlier))
        self._contradict(index, earlier, Group.CUSTOMER, "", what)
        if self._policy is not Policy.ASK:
            self._settled(index, earlier)

    def _lead(self, index: int) -> None:
        phones, names, numbers = (self._columns.get(key) for key in ("phone", "name", "number"))
        if phones is None or names is None or self._found.leads is None:
            return
        self._customers[(numbers and numbers[index]) or (phones[index], names[index])] = index
        self._found.leads.add(index)

    def _loan(self, index: int, loan: object) -> None:
        before = self._loans.get(loan)
        if before is None:
            self._loan_lead(index, loan)
        elif self._equal(index, before, Group.CUSTOMER, Group.LOAN):
            self._repeat(index, before)
        else:
            what = T("the same loan as row {row}, with other values", row=self._row_of(before))
            self._contradict(index, before, Group.LOAN, "loan_number", what)
            if self._policy is not Policy.ASK:
                self._settled(index, before)

    def _instalment(self, index: int, loan: object, sequence: object) -> None:
        before = self._loans.get(loan)
        if before is None:
            self._loan_lead(index, loan)
        elif not self._equal(index, before, Group.LOAN):
            what = T("the same loan as row {row}, with other values", row=self._row_of(before))
            self._contradict(index, before, Group.LOAN, "loan_number", what)
            if self._policy is Policy.ASK:
                return
        earlier = self._instalments.setdefault((loan, sequence), index)
        if earlier == index:
            return
        if self._equal(index, earlier, Group.INSTALMENT):
            self._repeat(index, earlier)
            return
        what = T("the same instalment as row {row}, with other values", row=self._row_of(earlier))
        self._contradict(index, earlier, Group.INSTALMENT, "sequence", what)
        if self._policy is not Policy.ASK:
            self._settled(index, earlier)

    def _loan_lead(self, index: int, loan: object) -> None:
        self._loans[loan] = index
        if self._found.loan_leads is not None:
            self._found.loan_leads.add(index)

    def _equal(self, index: int, other: int, *groups: Group) -> bool:
        return all(values[index] == values[other] for group in groups for values in self._of[group])

    def _contradict(self, index: int, earlier: int, group: Group, key: str, what: Text) -> None:
        if self._policy is Policy.ASK:
            self._found.contradicting[index] = Problem(key, what)
        elif self._policy is Policy.UPDATE:
            self._overwrite(group, index, earlier)

    def _overwrite(self, group: Group, index: int, earlier: int) -> None:
        for values in self._of[group]:
            if values[index] not in ("", None):
                values[earlier] = values[index]

    def _repeat(self, index: int, before: int) -> None:
        self._found.repeated[index] = Problem("", T("says the same as row {row}", row=self._row_of(before)))

    def _settled(self, index: int, before: int) -> None:
        if self._policy is Policy.UPDATE:
            why = T("its values count instead of those of row {row}", row=self._row_of(before))
        else:
            why = T("row {row} counts instead", row=self._row_of(before))
        self._found.repeated[index] = Problem("", why)
