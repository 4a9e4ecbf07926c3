"""The real dispatcher process against the real emulated modem, killed where it hurts."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

if TYPE_CHECKING:
    from db.engine import Database
    from gsm.emulator.client import EmulatorProcess

PATIENCE = 60.0  # seconds: a condition, not a measure; the machine may be busy with other tests
LONG = "【示例银行】" + "您的贷款进度有更新，请登录手机银行查看。" * 8  # three parts


def wait_until(condition: Callable[[], Any], timeout: float = PATIENCE) -> Any:
    deadline = time.monotonic() + timeout
    while not (result := condition()):
        assert time.monotonic() < deadline, "it did not come true in time"
        threading.Event().wait(0.005)
    return result


class DispatcherProcess:
    """``branch-sms dispatch`` as the window starts it."""

    def __init__(self, database: Database, folder: Path) -> None:
        from console.core.processes import command
        from console.core.sending.process import STDIN_OPTION, Locator

        argv = command("dispatch", STDIN_OPTION, "--log-folder", str(folder))
        self._process = subprocess.Popen(argv, stdin=subprocess.PIPE)
        assert self._process.stdin is not None
        with self._process.stdin as pipe:
            pipe.write(Locator(url=database.url, key=database.key).dump())

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def running(self) -> bool:
        return self._process.poll() is None

    def kill(self) -> None:
        """SIGKILL: nothing is finished, nothing is closed."""
        self._process.kill()
        self._process.wait(timeout=PATIENCE)

    def pause(self) -> None:
        os.kill(self.pid, signal.SIGSTOP)

    def go_on(self) -> None:
        os.kill(self.pid, signal.SIGCONT)

    def stop(self) -> int:
        """SIGTERM, and its exit code."""
        self._process.terminate()
        return self._process.wait(timeout=PATIENCE)


class Branch:
    """One database, its emulated modems, and the dispatchers that serve them."""

    def __init__(self, database: Database, folder: Path) -> None:
        from db.models import Setting, User

        self.database = database
        self._folder = folder
        self._secret = database.secret("message")
        self._phones = itertools.count(13_900_000_000)
        self._dispatchers: list[DispatcherProcess] = []
        self.modems: list[EmulatorProcess] = []
        now = datetime.now(UTC)
        maker = User(login="maker", display_name="经办", password_hash="!", roles=[], created_at=now)
        with database.begin() as session:
            session.add(maker)
            session.add(Setting(key="sending.lease_seconds", user_id=0, value=10, changed_at=now))
            session.add(Setting(key="sending.retry_seconds", user_id=0, value=5, changed_at=now))
            session.add(Setting(key="sending.max_attempts", user_id=0, value=10, changed_at=now))
        self._maker = maker.id

    # Setting up

    def modem(
        self,
        *,
        latency_ms: int = 2,
        report_delay_ms: int = 20,
        seed: int = 1,
        options: dict[str, Any] | None = None,
        **line: Any,
    ) -> Any:
        from db.models import Line
        from gsm.emulator.client import EmulatorProcess

        number = len(self.modems)
        settings = {
            "imsi": f"46000123456789{number}",
            "imei": f"49015420323751{number}",
            "boot_ms": 1,
            "ack_ms": 1500,
            "redeliver_ms": 100,
        }
        modem = EmulatorProcess(latency_ms=latency_ms, report_delay_ms=report_delay_ms, seed=seed, settings=settings)
        self.modems.append(modem)
        row = Line(
            name=f"modem {number}", address=modem.address, options={"sweep_seconds": 1, **(options or {})}, **line
        )
        row.created_at = datetime.now(UTC)
        with self.database.begin() as session:
            session.add(row)
        return modem

    def batch(self, messages: int, *, text: str = "【示例银行】您好", parts: int = 1, **values: Any) -> int:
        from console.core.sending.integrity import message_digest
        from console.core.sending.seals import seal_batch
        from db.models import Batch, BatchKind, BatchState, Message

        now = datetime.now(UTC)
        defaults: dict[str, Any] = {"state": BatchState.OPEN, "class_key": "account", "kind": BatchKind.CAMPAIGN}
        batch = Batch(
            created_by=self._maker, created_at=now, opened_at=now, messages=messages, **{**defaults, **values}
        )
        with self.database.begin() as session:
            session.add(batch)
            session.flush()
            seal_batch(self._secret, batch)
            for _ in range(messages):
                phone = str(next(self._phones))
                digest = message_digest(self._secret, batch.id, phone, phone, text)
                row = Message(batch_id=batch.id, phone=phone, recipient=phone, body=text, parts=parts, digest=digest)
                row.created_at = now
                session.add(row)
        return batch.id

    def start(self) -> DispatcherProcess:
        dispatcher = DispatcherProcess(self.database, self._folder)
        self._dispatchers.append(dispatcher)
        return dispatcher

    def change(self, model: Any, key: Any, *, sealed: bool = True, **values: Any) -> None:
        """``sealed``: as the program would change a batch, not a hand in the database."""
        with self.database.begin() as session:
            row = session.get(model, key)
            for name, value in values.items():
                setattr(row, name, value)
            if model.__name__ == "Batch" and sealed:
                from console.core.sending.seals import seal_batch

                seal_batch(self._secret, row)

    # Looking

    def all(self, model: Any) -> list[Any]:
        with self.database.read() as session:
            return list(session.scalars(select(model).order_by(*model.__table__.primary_key)))

    def states(self, batch_id: int | None = None) -> dict[str, int]:
        from db.models import Message

        query = select(Message.state) if batch_id is None else select(Message.state).where(Message.batch_id == batch_id)
        with self.database.read() as session:
            return dict(Counter(state.value for state in session.scalars(query)))

    def until_states(self, states: dict[str, int], timeout: float = PATIENCE) -> None:
        deadline = time.monotonic() + timeout
        while (found := self.states()) != states:
            assert time.monotonic() < deadline, f"{found} instead of {states}"
            threading.Event().wait(0.01)

    def settled(self) -> bool:
        return not {"waiting", "claimed", "sending"} & self.states().keys()

    def on_the_air(self) -> int:
        """How many parts the network accepted, over all modems."""
        return sum(modem.stats()["accepted"] for modem in self.modems)

    def ledger(self) -> list[dict[str, Any]]:
        return [entry for modem in self.modems for entry in modem.accepted()]

    def heard(self, command: str) -> int:
        return sum(line.startswith(command) for modem in self.modems for line in modem.stats()["heard"])

    def check(self) -> dict[str, int]:
        """What must be true after any crash, whatever it was: I1, I2, I3, I5. The counts by state."""
        from db.models import Discrepancy, Message, MessageState

        assert not self.all(Discrepancy), "something that the program did itself was taken for tampering"
        messages = {message.id: message for message in self.all(Message)}
        states = Counter(message.state.value for message in messages.values())
        assert sum(states.values()) == len(messages)
        accepted = Counter((entry["recipient"][-11:], (entry["concat"] or [0, 0, 1])[2]) for entry in self.ledger())
        assert not [key for key, times in accepted.items() if times > 1], "a part was accepted twice"
        for message in messages.values():
            whole = all((message.phone, sequence) in accepted for sequence in range(1, message.parts + 1))
            if message.state in (MessageState.ACCEPTED, MessageState.DELIVERED):
                assert whole, f"message {message.id} is {message.state} and the line never accepted it"
            if message.state in (MessageState.WAITING, MessageState.CANCELLED, MessageState.SUPPRESSED):
                assert (message.phone, 1) not in accepted, f"message {message.id} left and does not say so"
            if whole:
                assert message.state.value in ("sending", "accepted", "delivered", "unknown")
        return dict(states)

    def close(self) -> None:
        for dispatcher in self._dispatchers:
            if dispatcher.running:
                dispatcher.kill()
        for modem in self.modems:
            modem.close()


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of this process and of the dispatchers that it starts."""
    monkeypatch.setenv("BRANCH_SMS_HOME", str(tmp_path / "home"))


@pytest.fixture
def branch(sqlite_database: Database, tmp_path: Path) -> Iterator[Branch]:
    branch = Branch(sqlite_database, tmp_path)
    yield branch
    branch.close()


@pytest.fixture
def either_branch(database: Database, tmp_path: Path) -> Iterator[Branch]:
    """The same on both engines."""
    branch = Branch(database, tmp_path)
    yield branch
    branch.close()


@pytest.fixture
def until() -> Callable[..., Any]:
    return wait_until


@pytest.fixture
def long_text() -> str:
    return LONG
