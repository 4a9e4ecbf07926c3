from __future__ import annotations

import pytest

from console.core.segments import editing
from console.core.segments.conditions import Condition, Group, Logic, Related
from console.core.segments.fields import Scope
from console.core.segments.operators import Operator

A, B, C = (Condition(f"customer.{name}", Operator.KNOWN) for name in ("region", "branch", "rating"))
LATE = Condition("loan.overdue", Operator.KNOWN)
ROOT = Group((A, Group((B, C), Logic.ANY), Related(Scope.LOAN, (LATE,))))


def test_a_node_is_found_by_its_path() -> None:
    assert editing.node_at(ROOT, (1, 1)) == C
    assert editing.node_at(ROOT, ()) == ROOT
    for path in ((0, 0), (3,), (1, 2)):
        with pytest.raises(IndexError):
            editing.node_at(ROOT, path)


def test_replacing_leaves_everything_else() -> None:
    changed = editing.replaced(ROOT, (2, 0), A)
    assert changed == Group((*ROOT.parts[:2], Related(Scope.LOAN, (A,))))
    with pytest.raises(TypeError):
        editing.replaced(ROOT, (), A)


def test_appending_and_doubling_tell_where_it_stands() -> None:
    assert editing.appended(ROOT, (1,), A) == (editing.replaced(ROOT, (1,), Group((B, C, A), Logic.ANY)), (1, 2))
    root, path = editing.duplicated(ROOT, (0,))
    assert (root.parts[:2], path) == ((A, A), (1,))


def test_moving_stops_at_the_ends() -> None:
    root, path = editing.moved(ROOT, (1, 0), 1)
    assert (editing.node_at(root, (1,)), path) == (Group((C, B), Logic.ANY), (1, 1))
    assert editing.moved(ROOT, (0,), -1) == (ROOT, (0,))
    assert editing.moved(ROOT, (2,), 1) == (ROOT, (2,))


def test_an_empty_group_goes_but_an_empty_record_stays() -> None:
    """ "has a loan" means something without any further condition; a group of nothing does not."""
    once = editing.removed(ROOT, (1, 0))
    assert editing.removed(once, (1, 0)) == Group((A, ROOT.parts[2]))
    assert editing.removed(ROOT, (2, 0)).parts[2] == Related(Scope.LOAN)
    assert editing.removed(Group((A,)), (0,)) == Group()
