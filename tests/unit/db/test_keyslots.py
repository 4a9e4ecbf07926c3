from __future__ import annotations

import os
import stat
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from time import perf_counter

import pytest

from db.errors import DatabaseGone
from db.keyfile import Cost
from db.keyslots import (
    KeysDamaged,
    KeySlots,
    KeysMissing,
    LastSlot,
    LockedOut,
    LoginTaken,
    WrongPassword,
)

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
QUICK = Cost(passes=1, memory=64, lanes=1)


@pytest.fixture
def slots(tmp_path: Path) -> KeySlots:
    return KeySlots(tmp_path / "branch.db.keys", QUICK)


def refuse(slots: KeySlots, login: str = "wang", now: datetime = NOW) -> type[Exception]:
    with pytest.raises((WrongPassword, LockedOut)) as caught:
        slots.open(login, "wrong", now=now)
    return caught.type


def test_every_slot_opens_the_same_key(slots: KeySlots) -> None:
    key = slots.create("Wang", "first password")
    slots.add("chen", "second password", key)
    assert len(key) == 32
    assert slots.open("wang", "first password", now=NOW) == key
    assert slots.open(" CHEN ", "second password", now=NOW) == key
    assert slots.logins() == ["wang", "chen"]


def test_the_default_cost_opens_too(tmp_path: Path) -> None:
    slots = KeySlots(tmp_path / "keys")
    key = slots.create("wang", "pw")
    assert slots.open("wang", "pw", now=NOW) == key


def test_full_width_letters_are_the_same_password(slots: KeySlots) -> None:
    key = slots.create("wang", "ｐａｓｓ１２")
    assert slots.open("wang", "pass12", now=NOW) == key


def test_two_databases_have_two_keys(tmp_path: Path) -> None:
    first = KeySlots(tmp_path / "a", QUICK).create("wang", "same")
    assert KeySlots(tmp_path / "b", QUICK).create("wang", "same") != first


def test_the_file_holds_neither_key_nor_password_and_is_private(slots: KeySlots) -> None:
    key = slots.create("wang", "correct horse")
    content = slots.path.read_bytes()
    assert key not in content
    assert key.hex().encode() not in content
    assert b"horse" not in content
    if os.name == "posix":
        assert stat.S_IMODE(slots.path.stat().st_mode) == 0o600


def test_wrong_password_and_unknown_login_are_one_error(slots: KeySlots) -> None:
    slots.create("wang", "right")
    errors = []
    for login in ("wang", "nobody"):
        with pytest.raises(WrongPassword) as caught:
            slots.open(login, "wrong", now=NOW)
        errors.append((type(caught.value), caught.value.args))
    assert errors[0] == errors[1]


def test_the_right_password_of_another_login_opens_nothing(slots: KeySlots) -> None:
    key = slots.create("wang", "one")
    slots.add("chen", "two", key)
    with pytest.raises(WrongPassword):
        slots.open("nobody", "one", now=NOW)
    with pytest.raises(WrongPassword):
        slots.open("chen", "one", now=NOW)


def test_wrong_password_and_unknown_login_take_the_same_time(tmp_path: Path) -> None:
    slots = KeySlots(tmp_path / "keys", Cost(passes=2, memory=16_384, lanes=1))
    slots.create("wang", "right")
    times: dict[str, list[float]] = {"wang": [], "nobody": []}
    for day in range(9):
        for login, taken in times.items():
            start = perf_counter()
            refuse(slots, login, NOW + timedelta(days=2 * day))
            taken.append(perf_counter() - start)
    known, unknown = median(times["wang"]), median(times["nobody"])
    assert 0.5 < known / unknown < 2


def test_the_delay_grows_after_three_failures_and_is_kept(slots: KeySlots) -> None:
    slots.create("wang", "right")
    assert [refuse(slots) for _ in range(4)] == [WrongPassword] * 3 + [LockedOut]
    with pytest.raises(LockedOut) as caught:
        KeySlots(slots.path).open("wang", "right", now=NOW + timedelta(seconds=29))
    assert caught.value.until == NOW + timedelta(seconds=30)
    later = NOW + timedelta(seconds=30)
    assert refuse(slots, now=later) is WrongPassword
    with pytest.raises(LockedOut) as caught:
        slots.open("wang", "right", now=later)
    assert caught.value.until == later + timedelta(seconds=60)


def test_an_unknown_login_is_locked_out_alike_and_its_name_is_not_kept(slots: KeySlots) -> None:
    slots.create("wang", "right")
    assert [refuse(slots, "my-secret-password") for _ in range(4)] == [WrongPassword] * 3 + [LockedOut]
    assert b"my-secret-password" not in slots.path.read_bytes()


def test_success_forgets_failures_and_others_are_not_locked(slots: KeySlots) -> None:
    key = slots.create("wang", "right")
    slots.add("chen", "other", key)
    refuse(slots)
    refuse(slots)
    slots.open("wang", "right", now=NOW)
    assert [refuse(slots) for _ in range(4)] == [WrongPassword] * 3 + [LockedOut]
    assert slots.open("chen", "other", now=NOW) == key


def test_the_delay_has_an_upper_bound_even_with_a_wrong_clock(slots: KeySlots) -> None:
    slots.create("wang", "right")
    future = NOW + timedelta(days=4000)
    for _ in range(3):
        refuse(slots, now=future)
    with pytest.raises(LockedOut) as caught:
        slots.open("wang", "right", now=NOW)
    assert caught.value.until <= NOW + timedelta(hours=1)


def test_changing_a_password(slots: KeySlots) -> None:
    key = slots.create("wang", "old")
    with pytest.raises(WrongPassword):
        slots.change("wang", "wrong", "new")
    slots.change("wang", "old", "new")
    assert slots.open("wang", "new", now=NOW) == key
    assert refuse_with(slots, "old")


def refuse_with(slots: KeySlots, password: str) -> bool:
    with pytest.raises(WrongPassword):
        slots.open("wang", password, now=NOW)
    return True


def test_adding_needs_the_right_key_and_a_free_login(slots: KeySlots) -> None:
    key = slots.create("wang", "pw")
    with pytest.raises(ValueError, match="not the key"):
        slots.add("chen", "pw", os.urandom(32))
    with pytest.raises(LoginTaken):
        slots.add("Wang", "pw", key)
    slots.add("wang", "reset", key, replace=True)
    assert slots.open("wang", "reset", now=NOW) == key


def test_a_removed_slot_opens_nothing_and_the_last_stays(slots: KeySlots) -> None:
    key = slots.create("wang", "one")
    slots.add("chen", "two", key)
    slots.remove("wang")
    assert refuse_with(slots, "one")
    with pytest.raises(LastSlot):
        slots.remove("chen")
    slots.remove("nobody")
    assert slots.open("chen", "two", now=NOW) == key


def test_create_never_overwrites(slots: KeySlots) -> None:
    slots.create("wang", "pw")
    with pytest.raises(FileExistsError):
        slots.create("wang", "pw")


def test_the_service_slot(slots: KeySlots, tmp_path: Path) -> None:
    key = slots.create("wang", "pw")
    secret = tmp_path / "service.secret"
    slots.add_service(key, secret)
    assert slots.open_service(secret) == key
    if os.name == "posix":
        assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    with pytest.raises(FileExistsError):
        slots.add_service(key, secret)
    other = tmp_path / "other.secret"
    slots.add_service(key, other)
    assert slots.open_service(other) == key
    with pytest.raises(WrongPassword):
        slots.open_service(secret)
    slots.remove_service()
    with pytest.raises(WrongPassword):
        slots.open_service(other)


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data[: len(data) // 2],
        lambda data: b"",
        lambda data: b"\xff\xfe" + data,
        lambda data: data.replace(b'"wang"', b'"chen"'),
        lambda data: data.replace(b'"format": 1', b'"format": 9'),
        lambda data: b"[]",
    ],
)
def test_a_damaged_file_says_so(slots: KeySlots, damage: Callable[[bytes], bytes]) -> None:
    slots.create("wang", "pw")
    slots.path.write_bytes(damage(slots.path.read_bytes()))
    with pytest.raises(KeysDamaged, match=r"branch\.db\.keys"):
        slots.open("wang", "pw", now=NOW)


def test_a_missing_file_says_so(slots: KeySlots) -> None:
    with pytest.raises(KeysMissing):
        slots.open("wang", "pw", now=NOW)


def test_a_missing_folder_says_so(tmp_path: Path) -> None:
    with pytest.raises(KeysMissing):
        KeySlots(tmp_path / "gone" / "keys").open("wang", "pw", now=NOW)


def test_a_lock_that_cannot_be_made_is_the_disk_not_another_process(tmp_path: Path) -> None:
    slots = KeySlots(tmp_path / "keys", QUICK)
    slots.create("wang", "pw")
    (tmp_path / "keys.lock").unlink()
    (tmp_path / "keys.lock").mkdir()
    with pytest.raises(DatabaseGone):
        slots.logins()


def test_a_failed_write_leaves_the_old_file(slots: KeySlots, monkeypatch: pytest.MonkeyPatch) -> None:
    key = slots.create("wang", "pw")
    before = sorted(path.name for path in slots.path.parent.iterdir())

    def no_space(_: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", no_space)
        with pytest.raises(OSError, match="No space"):
            slots.add("chen", "pw", key)
    assert sorted(path.name for path in slots.path.parent.iterdir()) == before
    assert slots.logins() == ["wang"]


def test_threads_adding_slots_lose_none(slots: KeySlots) -> None:
    key = slots.create("user0", "pw")
    threads = [threading.Thread(target=slots.add, args=(f"user{n}", "pw", key)) for n in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(slots.logins()) == [f"user{n}" for n in range(9)]
