"""A workstation's encrypted file to a real PostgreSQL, and everything that may come in between."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import func, insert, select, text

from console.core import paths
from console.core.clock import FixedClock
from console.core.customers.secrets import seal, unseal
from console.core.errors import NotPermitted, UserError
from console.core.move.moving import InUse, Moved, MoveFailed, TargetFilled, move_database, take_back
from console.core.security import passwords
from console.core.security.login import Door, LoginRefused
from console.core.security.permissions import Role
from console.core.security.place import place_title
from console.core.security.slots import slots_beside
from console.core.security.users import new_user
from db import audit, move
from db.base import Base
from db.engine import Database, alone
from db.errors import DatabaseMoved
from db.keyfile import Cost
from db.models import (
    AuditEntry,
    Batch,
    BatchKind,
    BatchState,
    Campaign,
    CampaignState,
    Customer,
    Loan,
    LoanState,
    Message,
    MessageState,
    MoveState,
    Setting,
    User,
)

PASSWORD = "梅花香自苦寒来 2026"
CUSTOMERS = 25


@pytest.fixture(scope="module")
def encoded() -> str:
    return passwords.hashed(PASSWORD)


class Home:
    """A workstation's database with something of everything in it."""

    def __init__(self, path: Path, clock: FixedClock, encoded: str) -> None:
        self.path, self.clock = path, clock
        slots = replace(slots_beside(path), cost=Cost(passes=1, memory=1024, lanes=1))
        self.key = slots.create("admin", PASSWORD)
        slots.add("officer", PASSWORD, self.key)
        with self.open() as database:
            database.create()
            self._fill(database, encoded)

    def open(self) -> Database:
        return Database.open(paths.sqlite_url(self.path), key=self.key)

    def _fill(self, database: Database, encoded: str) -> None:
        now = self.clock.now()
        self.message_key = database.secret("message")
        sealed = seal(database, "11010519491231002X")
        with database.begin() as session:
            roles = {"admin": Role.ADMINISTRATOR, "officer": Role.OFFICER}
            for login, role in roles.items():
                session.execute(insert(User).values(**new_user(login, login, [role], encoded, now)))
            maker = session.scalars(select(User.id).where(User.login == "officer")).one()
            for n in range(CUSTOMERS):
                person = Customer(
                    number=f"C{n}", name=f"张三{n}", pinyin="zhangsan", initials="zs", phone=str(13_800_000_000 + n),
                    phone_tail=f"{n:04}", tags=["vip", "年底"], extra={"b": 1, "a": [True, None, 1.5]},
                    birthday=date(1980, 2, 29), created_at=now, updated_at=now,
                )  # fmt: skip
                person.id_cipher, person.id_digest, person.id_tail = sealed.cipher, sealed.digest, sealed.tail
                session.add(person)
            session.flush()
            loan = Loan(
                customer_id=1, number="L1", product="房贷", principal=Decimal("1200000.50"), rate=Decimal("3.05"),
                state=LoanState.OVERDUE, amount_due=Decimal("0.10"), due_on=date(2026, 12, 1), updated_at=now,
            )  # fmt: skip
            campaign = Campaign(
                name="c", class_key="repayment_reminder", audience={}, state=CampaignState.APPROVED, created_by=maker,
                created_at=now, updated_at=now,
            )  # fmt: skip
            session.add_all([loan, campaign, Setting(key="bank.branch", value="城西支行", changed_at=now)])
            session.flush()
            batch = Batch(
                kind=BatchKind.CAMPAIGN, campaign_id=campaign.id, class_key="repayment_reminder",
                state=BatchState.OPEN, created_by=maker, created_at=now,
            )  # fmt: skip
            session.add(batch)
            session.flush()
            campaign.batch_id = batch.id  # each points at the other
            session.add(
                Message(
                    batch_id=batch.id, customer_id=1, phone="13800000000", recipient="13800000000", body="【行】\t😀\n",
                    parts=1, digest="d", state=MessageState.UNKNOWN, created_at=now, sending_at=now,
                )
            )  # fmt: skip
            for n in range(5):
                audit.append(
                    session, at=now, actor_id=maker, actor="officer", action="x", subject=f"s:{n}", detail={"n": n}
                )


@pytest.fixture
def home(tmp_path: Path, clock: FixedClock, encoded: str) -> Home:
    return Home(tmp_path / "branch.db", clock, encoded)


@pytest.fixture
def target(request: pytest.FixtureRequest) -> Iterator[str]:
    server = request.getfixturevalue("postgres_server")
    url: str = server.empty()
    yield url
    server.drop(url)


@pytest.fixture
def go(home: Home, target: str) -> Callable[..., Moved]:
    def move_it(login: str = "admin", password: str = PASSWORD, **values: object) -> Moved:
        return move_database(home.path, target, login, password, home.clock, **values)  # type: ignore[arg-type]

    return move_it


def _rows(database: Database) -> dict[str, int]:
    with database.read() as session:
        return {
            table.name: session.scalar(select(func.count()).select_from(table)) or 0
            for table in Base.metadata.sorted_tables
        }


def test_everything_arrives_and_works_there(home: Home, target: str, go: Callable[..., Moved]) -> None:
    with home.open() as database:
        before = _rows(database)
    told: list[tuple[int, int]] = []
    moved = go(tell=lambda done, total: told.append((done, total)))
    assert told[0][0] == 0
    assert told[-1][0] == told[-1][1] > 0
    assert {each.table: each.rows for each in moved.tables if each.table == "customer"} == {"customer": CUSTOMERS}
    entered = Door(target, home.clock).authenticate("officer", PASSWORD)  # the same password, from the same hash
    with entered.context.database as database:
        after = _rows(database)
        extra = {"audit_entry": 3, "move_mark": 1}  # begun, arrived, logged in
        assert {name: after[name] - number for name, number in before.items() if after[name] != number} == extra
        with database.read() as session:
            assert audit.verify(session).sound
            person = session.get_one(Customer, 1)
            assert (person.tags, person.extra) == (["vip", "年底"], {"b": 1, "a": [True, None, 1.5]})
            loan = session.scalars(select(Loan)).one()
            assert (loan.principal, loan.rate, loan.amount_due) == (
                Decimal("1200000.50"), Decimal("3.05"), Decimal("0.10")
            )  # fmt: skip
            assert session.scalars(select(Message.body)).one() == "【行】\t😀\n"
            assert session.scalars(select(Campaign.batch_id)).one() is not None
        assert person.id_cipher is not None
        assert unseal(database, person.id_cipher) == "11010519491231002X"
        assert database.secret("message") == home.message_key
        with database.begin() as session:  # sequences go on behind the highest number
            person = Customer(number="new", name="李四", pinyin="", initials="", phone="1", phone_tail="")
            person.created_at = person.updated_at = home.clock.now()
            session.add(person)
        assert person.id == CUSTOMERS + 1


def test_foreign_keys_hold_again(target: str, go: Callable[..., Moved]) -> None:
    go()
    query = "SELECT count(*) FROM pg_constraint WHERE contype = 'f' AND convalidated"
    with Database.open(target) as database, database.read() as session:
        keys = sum(len(table.foreign_key_constraints) for table in Base.metadata.sorted_tables)
        assert session.scalar(text(query)) == keys


def test_what_was_left_is_read_only_and_says_where_it_went(home: Home, target: str, go: Callable[..., Moved]) -> None:
    moved = go()
    with home.open() as database:
        assert database.moved_to == moved.place
        assert _rows(database)["customer"] == CUSTOMERS
        with pytest.raises(DatabaseMoved):
            database.begin()
    with pytest.raises(DatabaseMoved):
        Door(paths.sqlite_url(home.path), home.clock).authenticate("officer", PASSWORD)
    with pytest.raises(UserError, match="already"):
        go()
    with Database.open(target) as database:
        assert not database.moved_to


def test_nobody_else_may_be_in_it(home: Home, target: str, go: Callable[..., Moved]) -> None:
    with home.open() as database:
        with pytest.raises(InUse):
            go()
        with database.begin() as session:  # and it goes on undisturbed
            session.add(Setting(key="bank.contact", value="", changed_at=home.clock.now()))
    with Database.open(target) as server, server.read() as session:
        assert session.scalar(text("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")) == 0


def test_only_an_administrator_with_the_password(go: Callable[..., Moved]) -> None:
    with pytest.raises(NotPermitted):
        go("officer")
    with pytest.raises(LoginRefused):
        go(password="something else 1")


def test_a_filled_target_is_refused(home: Home, target: str, go: Callable[..., Moved]) -> None:
    with Database.open(target) as server:
        server.create()
        with server.begin() as session:
            session.add(Setting(key="bank.branch", value="别处", changed_at=home.clock.now()))
    with pytest.raises(TargetFilled, match="setting"):
        go()
    with home.open() as database:
        assert not database.moved_to


class _Unplugged(Exception):
    pass


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_cut_off_leaves_nothing_there_and_can_be_repeated(
    home: Home, target: str, go: Callable[..., Moved], share: float
) -> None:
    def tell(done: int, total: int) -> None:
        if done > share * total:
            raise _Unplugged

    with pytest.raises(_Unplugged):
        go(tell=tell)
    with Database.open(target) as server, server.engine.connect() as connection:
        assert not move.first_filled(connection)
    with home.open() as database:
        assert not database.moved_to
    assert go().rows > CUSTOMERS


def test_cut_off_after_the_arrival_is_closed_by_repeating(home: Home, go: Callable[..., Moved]) -> None:
    go()
    with alone(home.path, home.key) as engine, engine.begin() as connection:  # as a crash leaves it there
        found = move.mark_of(connection)
        assert found is not None
        assert found[0] is MoveState.LEFT
        move.set_mark(connection, MoveState.LEAVING, found[1], found[2], home.clock.now())
    with home.open() as database, pytest.raises(DatabaseMoved):  # nothing may be sent from it meanwhile
        database.begin()
    assert go().tables == ()
    with pytest.raises(UserError, match="already"):
        go()


def test_cut_off_before_the_arrival_is_repeated_or_taken_back(
    home: Home, target: str, go: Callable[..., Moved]
) -> None:
    def left_for(place: str) -> None:  # as a crash between the mark and the commit of the server leaves it
        with alone(home.path, home.key) as engine, engine.begin() as connection:
            move.set_mark(connection, MoveState.LEAVING, "token", place, home.clock.now())

    left_for("elsewhere")
    with pytest.raises(UserError, match="elsewhere"):  # there it may have arrived
        go()
    left_for(place_title(target))
    take_back(home.path, target, "admin", PASSWORD, home.clock)
    with home.open() as database:
        assert not database.moved_to
        with database.read() as session:
            assert audit.verify(session).sound
    with pytest.raises(UserError, match="No move"):
        take_back(home.path, target, "admin", PASSWORD, home.clock)
    left_for(place_title(target))
    assert go().rows > CUSTOMERS
    with pytest.raises(UserError, match="already"):
        take_back(home.path, target, "admin", PASSWORD, home.clock)


def test_what_has_arrived_is_not_taken_back(home: Home, target: str, go: Callable[..., Moved]) -> None:
    go()
    with alone(home.path, home.key) as engine, engine.begin() as connection:
        found = move.mark_of(connection)
        assert found is not None
        move.set_mark(connection, MoveState.LEAVING, found[1], found[2], home.clock.now())
    with pytest.raises(UserError, match="has arrived"):
        take_back(home.path, target, "admin", PASSWORD, home.clock)


def test_a_changed_value_is_noticed(home: Home, target: str, go: Callable[..., Moved]) -> None:
    with Database.open(target) as server:
        server.create()
        with server.begin() as session:
            session.execute(
                text(
                    "CREATE FUNCTION spoil() RETURNS trigger LANGUAGE plpgsql AS"
                    " $$ BEGIN IF NEW.number = 'C7' THEN NEW.name = 'x'; END IF; RETURN NEW; END $$"
                )
            )
            session.execute(
                text("CREATE TRIGGER spoil BEFORE INSERT ON customer FOR EACH ROW EXECUTE FUNCTION spoil()")
            )
    with pytest.raises(MoveFailed, match="customer"):
        go()
    with home.open() as database:
        assert not database.moved_to


def test_a_value_that_the_server_refuses_is_named(home: Home, go: Callable[..., Moved]) -> None:
    with home.open() as database, database.begin() as session:
        session.get_one(Customer, 3).name = "长" * 300
    with pytest.raises(MoveFailed, match=r"customer\.name") as caught:
        go()
    assert "长" not in str(caught.value)


def test_a_broken_audit_trail_does_not_move(home: Home, go: Callable[..., Moved]) -> None:
    with home.open() as database, database.begin() as session:
        session.get_one(AuditEntry, 3).actor = "nobody"
    with pytest.raises(MoveFailed, match="entry 3"):
        go()
