"""Verbs of the settings page; they run off the GUI thread."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from console.core.context import Context
from console.core.events import Change, Topic
from console.core.listing import Sort
from console.core.messages import signatures
from console.core.messages.signatures import SignatureRow
from console.core.security import delegation, users
from console.core.security.backup import make_backup
from console.core.security.delegation import DelegationRow, Deputy
from console.core.security.permissions import Role
from console.core.security.users import UserRow
from console.core.settings import Settings, save
from console.shell.tasks import Progress

SETTINGS_CHANGED = Change.of(Topic.SETTINGS, Topic.AUDIT)
USERS_CHANGED = Change.of(Topic.USERS, Topic.AUDIT)


def save_settings(values: Mapping[str, object]) -> Callable[[Context], Settings]:
    return lambda ctx: save(ctx, values)


def user_ids(ctx: Context, sort: Sort) -> list[int]:
    rows = users.user_rows(ctx)
    if sort.key in ("login", "name"):
        rows.sort(key=lambda row: row.name if sort.key == "name" else row.login, reverse=sort.descending)
    return [row.id for row in rows]


def user_rows(ctx: Context, ids: Sequence[int]) -> list[UserRow]:
    rows = {row.id: row for row in users.user_rows(ctx)}
    return [rows[id_] for id_ in ids if id_ in rows]


def add_user(login: str, name: str, roles: Collection[Role], password: str) -> Callable[[Context], int]:
    return lambda ctx: users.create_user(ctx, login=login, name=name, roles=roles, password=password)


def set_roles(user_id: int, roles: Collection[Role]) -> Callable[[Context], None]:
    return lambda ctx: users.set_roles(ctx, user_id, roles)


def reset_password(user_id: int, password: str) -> Callable[[Context], None]:
    return lambda ctx: users.reset_password(ctx, user_id, password)


def deactivate(user_id: int) -> Callable[[Context], None]:
    return lambda ctx: users.deactivate(ctx, user_id)


def change_password(old: str, new: str) -> Callable[[Context], None]:
    return lambda ctx: users.change_password(ctx, old, new)


def signature_ids(ctx: Context, sort: Sort) -> list[int]:
    with ctx.database.read() as session:
        return [row.id for row in signatures.signature_rows(session)]


def signature_rows_of(ctx: Context, ids: Sequence[int]) -> list[SignatureRow]:
    with ctx.database.read() as session:
        rows = {row.id: row for row in signatures.signature_rows(session)}
    return [rows[id_] for id_ in ids if id_ in rows]


def save_signature(
    signature_id: int | None, text: str, holder: str, registration: str, valid_until: date | None
) -> Callable[[Context], int]:
    return lambda ctx: signatures.save_signature(
        ctx, signature_id=signature_id, text=text, holder=holder, registration=registration, valid_until=valid_until
    )


def retire_signature(signature_id: int, retired: bool) -> Callable[[Context], None]:
    return lambda ctx: signatures.retire_signature(ctx, signature_id, retired=retired)


@dataclass(frozen=True, kw_only=True)
class Absence:
    delegations: Sequence[DelegationRow]
    deputies: Sequence[Deputy]


def absence(ctx: Context) -> Absence:
    with ctx.database.read() as session:
        return Absence(delegations=delegation.own_delegations(ctx, session), deputies=delegation.deputies(ctx, session))


def delegate(to_user: int, starts_at: datetime, ends_at: datetime, reason: str) -> Callable[[Context], int]:
    return lambda ctx: delegation.delegate(ctx, to_user, starts_at, ends_at, reason)


def take_back(delegation_id: int) -> Callable[[Context], None]:
    return lambda ctx: delegation.take_back(ctx, delegation_id)


def back_up(folder: Path) -> Callable[[Context, Progress], Path]:
    return lambda ctx, _progress: make_backup(ctx, folder)
