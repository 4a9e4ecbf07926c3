"""Segments to begin with: ready-made conditions that a person changes to fit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from console.core.i18n import T, Text
from console.core.segments.conditions import Condition, Group, Logic, Node, Related
from console.core.segments.fields import Scope
from console.core.segments.operators import Operator

O = Operator  # noqa: E741 - short: it stands in every line


@dataclass(frozen=True)
class Starter:
    title: Text
    root: Group


def _is(field: str, operator: Operator, *value: str) -> Condition:
    return Condition(field, operator, value)


def _of(*parts: Node) -> Group:
    return Group(parts)


def _has(scope: Scope, *parts: Node) -> Related:
    return Related(scope, parts)


def _has_not(scope: Scope, *parts: Node) -> Related:
    return Related(scope, parts, Logic.ALL, present=False)


_REPAYING: Final = _is("loan.state", O.ONE_OF, "active")
_MARKETING: Final = _has(Scope.CONSENT, _is("consent.purpose", O.ONE_OF, "marketing"), _is("consent.granted", O.YES))

STARTERS: Final = (
    Starter(
        T("Instalments due in 3 to 5 working days"),
        _of(
            _has(
                Scope.LOAN,
                _REPAYING,
                _is("loan.due_on", O.IN_WORKDAYS, "3", "5"),
                _is("loan.amount_due", O.AT_LEAST, "0.01"),
            )
        ),
    ),
    Starter(
        T("Due tomorrow, not yet reminded"),
        _of(
            _has(
                Scope.LOAN,
                _REPAYING,
                _is("loan.due_on", O.PERIOD, "tomorrow"),
                _is("loan.amount_due", O.AT_LEAST, "0.01"),
                _has_not(
                    Scope.MESSAGE, _is("message.class", O.ONE_OF, "remind"), _is("message.sent", O.LAST_DAYS, "7")
                ),
            )
        ),
    ),
    Starter(T("Overdue 1 to 7 days"), _of(_has(Scope.LOAN, _is("loan.overdue", O.BETWEEN, "1", "7")))),
    Starter(T("Overdue 8 to 30 days"), _of(_has(Scope.LOAN, _is("loan.overdue", O.BETWEEN, "8", "30")))),
    Starter(
        T("Overdue, has not replied in 90 days"),
        _of(
            _has(Scope.LOAN, _is("loan.overdue", O.KNOWN)),
            _has_not(Scope.REPLY, _is("reply.received", O.LAST_DAYS, "90")),
        ),
    ),
    Starter(T("Birthday within 7 days"), _of(_is("customer.birthday", O.NEXT_DAYS, "7"))),
    Starter(
        T("High net worth without contact in 90 days"),
        _of(
            _is("customer.segment", O.ONE_OF, "高净值"),
            _has_not(Scope.CONTACT, _is("contact.at", O.LAST_DAYS, "90")),
            _has_not(Scope.MESSAGE, _is("message.sent", O.LAST_DAYS, "90")),
        ),
    ),
    Starter(
        T("Aged 60 or more with a loan running"),
        _of(_is("customer.age", O.AT_LEAST, "60"), _has(Scope.LOAN, _is("loan.state", O.ONE_OF, "active", "overdue"))),
    ),
    Starter(
        T("Agreed to marketing, no offer in 30 days"),
        _of(
            _MARKETING,
            _has_not(
                Scope.MESSAGE,
                _is("message.class", O.ONE_OF, "market", "renewal"),
                _is("message.sent", O.LAST_DAYS, "30"),
            ),
        ),
    ),
    Starter(
        T("Not reached by any message in 30 days"),
        _of(
            _has(Scope.MESSAGE, _is("message.outcome", O.ONE_OF, "failed"), _is("message.sent", O.LAST_DAYS, "30")),
            _has_not(
                Scope.MESSAGE, _is("message.outcome", O.ONE_OF, "delivered"), _is("message.sent", O.LAST_DAYS, "30")
            ),
        ),
    ),
    Starter(
        T("Settled all loans"),
        _of(
            _has(Scope.LOAN, _is("loan.state", O.ONE_OF, "settled")),
            _has_not(Scope.LOAN, _is("loan.state", O.NONE_OF, "settled")),
        ),
    ),
    Starter(T("Never sent a message"), _of(_has_not(Scope.MESSAGE))),
)
