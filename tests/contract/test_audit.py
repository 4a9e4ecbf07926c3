"""Nobody changes, removes, adds or moves an audit entry without ``verify`` seeing it, on either engine."""

from __future__ import annotations

import threading
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import delete, func, insert, select, text, update

from db import audit
from db.engine import Database
from db.models import AuditEntry, AuditHead

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy.orm import Session

AT = datetime(2026, 11, 23, 10, 0, 0, 123456, tzinfo=timezone(timedelta(hours=8)))


def append(session: Session, number: int = 0, **detail: object) -> None:
    audit.append(
        session, at=AT, actor_id=None, actor="wang", action="campaign.approve", subject=f"campaign:{number}",
        detail=detail or {"n": number},
    )  # fmt: skip


def fill(database: Database, entries: int = 5) -> None:
    with database.begin() as session:
        for number in range(1, entries + 1):
            append(session, number)


def verified(database: Database) -> audit.Verification:
    with database.read() as session:
        return audit.verify(session)


def test_an_empty_chain_is_sound(database: Database) -> None:
    assert verified(database) == audit.Verification(entries=0, sound=True, first_bad=None, reason="")


def test_a_chain_is_sound_and_links_up(database: Database) -> None:
    fill(database)
    assert verified(database) == audit.Verification(entries=5, sound=True, first_bad=None, reason="")
    with database.read() as session:
        entries = session.scalars(select(AuditEntry).order_by(AuditEntry.id)).all()
    assert [entry.id for entry in entries] == [1, 2, 3, 4, 5]
    assert [entry.previous_hash for entry in entries[1:]] == [entry.hash for entry in entries[:-1]]


def test_both_engines_write_the_same_hashes(sqlite_database: Database, postgres_database: Database) -> None:
    hashes = []
    for database in (sqlite_database, postgres_database):
        fill(database)
        with database.read() as session:
            hashes.append(session.scalars(select(AuditEntry.hash).order_by(AuditEntry.id)).all())
    assert hashes[0] == hashes[1]


def test_details_are_canonical(database: Database) -> None:
    with database.begin() as session:
        append(session, b=Decimal("3256.80"), a="城东", due=date(2026, 11, 30), at=AT, roles=frozenset({"b", "a"}))
    with database.read() as session:
        assert session.scalar(select(AuditEntry.detail)) == (
            '{"a":"城东","at":"2026-11-23T02:00:00.123456+00:00","b":"3256.80","due":"2026-11-30","roles":["a","b"]}'
        )
    assert verified(database).sound


def test_something_else_in_the_details_is_a_bug(database: Database) -> None:
    with pytest.raises(TypeError), database.begin() as session:
        append(session, thing=object())


def test_an_entry_goes_when_its_effect_is_rolled_back(database: Database) -> None:
    fill(database, 2)

    def decide_and_fail() -> None:
        with database.begin() as session:
            append(session, 3)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        decide_and_fail()
    assert verified(database).entries == 2
    fill(database, 1)
    assert verified(database) == audit.Verification(entries=3, sound=True, first_bad=None, reason="")


def change(session: Session) -> None:
    session.execute(update(AuditEntry).where(AuditEntry.id == 3).values(actor="chen"))


def change_time(session: Session) -> None:
    session.execute(update(AuditEntry).where(AuditEntry.id == 3).values(at=AT + timedelta(microseconds=1)))


def change_with_its_hash(session: Session) -> None:
    """A careful forger computes the hash again; the next entry gives it away."""
    row = session.execute(select(AuditEntry.__table__).where(AuditEntry.id == 3)).mappings().one()
    forged = {**{name: row[name] for name in audit._Entry._fields}, "actor": "chen"}
    digest = audit._hash(audit._Entry(**forged))
    session.execute(update(AuditEntry).where(AuditEntry.id == 3).values(actor="chen", hash=digest))


def remove(session: Session) -> None:
    session.execute(delete(AuditEntry).where(AuditEntry.id == 3))


def remove_and_close_the_gap(session: Session) -> None:
    remove(session)
    session.execute(update(AuditEntry).where(AuditEntry.id == 4).values(id=3))
    session.execute(update(AuditEntry).where(AuditEntry.id == 5).values(id=4))


def add_after_the_end(session: Session) -> None:
    session.execute(
        insert(AuditEntry).values(
            id=6, at=AT, actor="x", action="x", subject="x", detail="{}", previous_hash="0" * 64, hash="0" * 64
        )
    )


def add_before_the_start(session: Session) -> None:
    session.execute(
        insert(AuditEntry).values(
            id=0, at=AT, actor="x", action="x", subject="x", detail="{}", previous_hash="0" * 64, hash="0" * 64
        )
    )


def swap(session: Session) -> None:
    for old, new in ((2, 99), (3, 2), (99, 3)):
        session.execute(update(AuditEntry).where(AuditEntry.id == old).values(id=new))


def cut(session: Session) -> None:
    session.execute(delete(AuditEntry).where(AuditEntry.id >= 4))


def cut_everything(session: Session) -> None:
    session.execute(delete(AuditEntry))


def cut_with_the_count(session: Session) -> None:
    cut(session)
    session.execute(update(AuditHead).values(entries=3))


def remove_the_head(session: Session) -> None:
    session.execute(delete(AuditHead))


@pytest.mark.parametrize(
    ("harm", "first_bad", "reason"),
    [
        (change, 3, "changed"),
        (change_time, 3, "changed"),
        (change_with_its_hash, 4, "moved"),
        (remove, 3, "missing"),
        (remove_and_close_the_gap, 3, "changed"),
        (add_after_the_end, 6, "inserted"),
        (add_before_the_start, 1, "inserted"),
        (swap, 2, "changed"),
        (cut, 4, "cut"),
        (cut_everything, 1, "cut"),
        (cut_with_the_count, 3, "head"),
        (remove_the_head, 1, "head"),
    ],
)
def test_harm_is_found(database: Database, harm: Callable[[Session], None], first_bad: int, reason: str) -> None:
    fill(database)
    with database.begin() as session:
        harm(session)
    result = verified(database)
    assert (result.sound, result.first_bad, result.reason) == (False, first_bad, reason)


def test_verifying_goes_page_by_page_and_tells_how_far(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "_PAGE", 2)
    fill(database)
    told: list[tuple[int, int]] = []
    with database.read() as session:
        assert audit.verify(session, progress=lambda done, total: told.append((done, total))).sound
    assert told == [(2, 5), (4, 5)]


def test_many_connections_make_one_chain(database: Database, sqlite_template: tuple[object, bytes]) -> None:
    """Several programs, several threads each, appending at the same time."""
    key = sqlite_template[1] if database.path else None
    problems: list[BaseException] = []

    def work(own: Database) -> None:
        try:
            for number in range(10):
                with own.begin() as session:
                    append(session, number)
        except BaseException as error:  # noqa: BLE001 - handed to the main thread
            problems.append(error)

    others = [Database.open(database.url, key=key) for _ in range(3)]
    threads = [threading.Thread(target=work, args=(other,)) for other in others for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for other in others:
        other.close()
    assert problems == []
    assert verified(database) == audit.Verification(entries=60, sound=True, first_bad=None, reason="")


def test_a_snapshot_is_verified_while_others_append(database: Database) -> None:
    fill(database)
    with database.read() as session:
        session.scalar(select(func.count()).select_from(AuditEntry))
        fill(database)
        assert audit.verify(session).entries == 5
    assert verified(database).entries == 10


def test_times_come_back_as_utc_whatever_the_session_says(postgres_database: Database) -> None:
    fill(postgres_database)
    with postgres_database.begin() as session:
        session.execute(text("SET LOCAL timezone = 'America/New_York'"))
        assert audit.verify(session).sound
        assert session.scalars(select(AuditEntry.at)).first() == AT.astimezone(UTC)
