from __future__ import annotations

from console.core.security.permissions import (
    GRANTS,
    ROLE_DESCRIPTIONS,
    ROLE_TITLES,
    Permission,
    Role,
    permissions_of,
)


def test_every_role_is_described_and_every_right_is_granted_to_somebody() -> None:
    assert set(GRANTS) == set(ROLE_TITLES) == set(ROLE_DESCRIPTIONS) == set(Role)
    assert permissions_of(Role) == frozenset(Permission)


def test_no_single_role_both_submits_and_approves() -> None:
    for role in Role:
        granted = permissions_of({role})
        assert not {Permission.CAMPAIGNS_SUBMIT, Permission.APPROVALS_DECIDE} <= granted


def test_an_administrator_neither_approves_nor_sees_customers() -> None:
    granted = permissions_of({Role.ADMINISTRATOR})
    assert not granted & {Permission.APPROVALS_DECIDE, Permission.CAMPAIGNS_SUBMIT, Permission.CUSTOMERS_VIEW}


def test_nobody_without_a_role_may_do_anything() -> None:
    assert permissions_of(()) == frozenset()
