"""What an index answers, and so which of several conditions leads to the few that the others are asked of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from console.core.segments.conditions import Condition, Group, Logic, Node, Related
from console.core.segments.fields import Scope
from console.core.segments.operators import Operator

_FACETS: Final = frozenset(f"customer.{name}" for name in ("region", "branch", "manager", "rating", "segment"))
_BORN: Final = frozenset({"customer.birthday", "customer.age"})
_TAGGED: Final = frozenset({Operator.ONE_OF, Operator.ALL_OF, Operator.KNOWN})
_LEADING: Final = frozenset(
    {
        "loan.due_on", "loan.overdue", "loan.product", "loan.number", "instalment.due_on", "instalment.overdue",
        "message.sent",
    }
)  # fmt: skip
_SMALL: Final = frozenset({Scope.REPLY, Scope.CONTACT, Scope.CIRCUMSTANCE, Scope.SUPPRESSION})
WIDE: Final = frozenset(
    {Operator.NONE_OF, Operator.IS_NOT, Operator.LACKS, Operator.CONTAINS, Operator.KNOWN, Operator.UNKNOWN}
)  # leave nearly everything
_LATE: Final = {("loan.overdue", Operator.KNOWN), ("instalment.overdue", Operator.KNOWN)}


def quick(node: Node) -> bool:
    """Whether indexes alone find who fulfils it."""
    match node:
        case Condition():
            return indexed(node)
        case Related():
            return node.present and (node.scope in _SMALL or (node.scope is not Scope.CONSENT and _led(node)))
        case Group(logic=Logic.ANY):
            return all(map(quick, node.parts))
        case Group(logic=Logic.ALL):
            return any(map(quick, together(node)))
        case _:
            return False


def indexed(node: Condition) -> bool:
    if node.field in _FACETS:
        return node.operator is Operator.ONE_OF
    if node.field == "customer.tags":
        return node.operator in _TAGGED
    return node.field in _BORN and node.operator is not Operator.UNKNOWN


def _led(node: Related) -> bool:
    by_index = [
        isinstance(part, Condition)
        and part.field in _LEADING
        and (part.operator not in WIDE or (part.field, part.operator) in _LATE)
        for part in node.parts
    ]
    return not by_index or (all(by_index) if node.logic is Logic.ANY else any(by_index))


def together(node: Node) -> Iterator[Node]:
    """What must hold at the same time, without groups in groups; "none of" becomes its opposites."""
    if isinstance(node, Condition) and node.field in _FACETS and node.operator is Operator.NONE_OF:
        yield Group((replace(node, operator=Operator.ONE_OF),), Logic.NONE)
    elif not isinstance(node, Group):
        yield node
    elif node.logic is Logic.ALL or (node.logic is Logic.ANY and len(node.parts) == 1):
        for part in node.parts:
            yield from together(part)
    elif node.logic is Logic.NONE:
        for part in node.parts:
            yield from _opposite(part)
    else:
        yield node


def _opposite(node: Node) -> Iterator[Node]:
    if isinstance(node, Related):
        yield replace(node, present=not node.present)
    elif isinstance(node, Group) and node.logic is not Logic.ALL:
        yield from together(replace(node, logic=Logic.NONE if node.logic is Logic.ANY else Logic.ANY))
    else:
        yield Group((node,), Logic.NONE)


def leading(parts: Sequence[Node]) -> Node | None:
    """Records first, for they are fewest as a rule; then what else an index finds; then any record that must be there.

    Nobody else leads: the index of all who are in use is walked along.
    """
    by_index = [part for part in parts if quick(part)]
    ranked = [part for part in by_index if isinstance(part, Related)] or by_index
    present = [part for part in parts if isinstance(part, Related) and part.present]
    return next(iter(ranked or present), None)


def negative(part: Node) -> bool:
    """Of what ``together`` gives; a "none of" among them has one part."""
    return (isinstance(part, Related) and not part.present) or (isinstance(part, Group) and part.logic is Logic.NONE)


def needs_row(part: Node) -> bool:
    if isinstance(part, Group) and part.logic is Logic.NONE:
        return not quick(part.parts[0])
    return not isinstance(part, Related) and not quick(part)
