"""Nothing leaves by a clock that cannot be right."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert

from console.core.context import Actor, Context
from console.core.errors import NotPermitted
from console.core.security.permissions import Role
from console.core.sending.status import snapshot
from console.core.sending.timepiece import TOLERANCE, doubt, trust_clock
from console.core.settings import Settings
from db.models import AuditEntry, Dispatcher, Message, MessageState


def lived(house: Any, ahead: timedelta) -> None:
    with house.database.begin() as session:
        at = house.now + ahead
        session.execute(
            insert(Dispatcher).values(run=str(ahead), host="h", machine="m", pid=1, started_at=at, heartbeat_at=at)
        )


def ctx(house: Any, *roles: Role) -> Context:
    actor = Actor.of(house.maker, "maker", "经办", frozenset(roles))
    return Context(database=house.database, clock=house.clock, actor=actor, settings=Settings())


def doubted(house: Any) -> Any:
    with house.database.read() as session:
        assert snapshot(session, house.now).clock_doubt == doubt(session, house.now)
        return doubt(session, house.now)


def test_a_new_database_and_one_of_the_past_are_trusted(house: Any) -> None:
    assert doubted(house) is None
    lived(house, -timedelta(days=3))
    lived(house, TOLERANCE)
    assert doubted(house) is None


def test_what_has_happened_cannot_lie_ahead(house: Any) -> None:
    lived(house, TOLERANCE + timedelta(seconds=1))
    assert doubted(house) == house.now + TOLERANCE + timedelta(seconds=1)
    house.batch(1)
    house.change(
        Message, house.messages()[0].id, state=MessageState.DELIVERED, sending_at=house.now + timedelta(days=400)
    )
    assert doubted(house) == house.now + timedelta(days=400)


def test_a_person_may_say_that_it_was_the_past_that_was_wrong(house: Any) -> None:
    lived(house, timedelta(days=3650))
    with pytest.raises(NotPermitted):
        trust_clock(ctx(house, Role.OFFICER))
    trust_clock(ctx(house, Role.SUPERVISOR))
    assert doubted(house) is None
    assert [entry.action for entry in house.all(AuditEntry)] == ["sending.trust_clock"]
    lived(house, timedelta(days=3651))  # wrong once more
    assert doubted(house) is not None


@pytest.mark.expects_log("the clock of this computer")
def test_nothing_leaves_before_it_is_right_again(
    house: Any, office: Any, until: Any, caplog: pytest.LogCaptureFixture
) -> None:
    house.line("A")
    house.batch(3)
    lived(house, timedelta(hours=2))
    office.start()
    until(lambda: "the clock of this computer" in caplog.text)
    assert doubted(house)
    assert house.states() == {"waiting": 3}
    house.clock.advance(timedelta(hours=2))
    until(lambda: house.states() == {"delivered": 3})
