"""The dispatcher is killed with SIGKILL at the worst moments. I1, I2, I3 and I5 hold, and the work goes on."""

from __future__ import annotations

from typing import Any

import pytest

from db.models import Dispatcher, Line, Message, MessagePart, MessageState, PartState, Receipt


def test_after_the_claim(branch: Any, until: Any) -> None:
    """Claimed and not begun: everything waits again and leaves exactly once."""
    branch.modem(pace_per_minute=10)
    branch.batch(12)
    dispatcher = branch.start()
    until(lambda: branch.states().get("claimed", 0) >= 5 and branch.ledger())
    dispatcher.kill()
    left = len(branch.ledger())
    assert branch.check()["claimed"] >= 5
    branch.change(Line, 1, pace_per_minute=None)
    branch.start()
    branch.until_states({"delivered": 12})
    assert branch.check() == {"delivered": 12}
    assert len(branch.ledger()) == 12 > left


def _third_is_sending(branch: Any) -> bool:
    states = [row.state for row in branch.all(Message)][:3]
    return states[2] is MessageState.SENDING and MessageState.SENDING not in states[:2]


@pytest.mark.parametrize("moment", ["command", "prompt"])
def test_when_sending_is_durable_and_nothing_left_yet(either_branch: Any, until: Any, moment: str) -> None:
    """Nobody can know that it did not leave: it is unknown, and a person decides.

    So is the next one, for the only result that comes may be that of the one before; a report would tell.
    """
    branch = either_branch
    modem = branch.modem()
    modem.set(reports="drop")
    modem.rule("CMGS", moment, "silence" if moment == "command" else "hang", skip=2)
    branch.batch(6)
    dispatcher = branch.start()
    until(lambda: branch.heard("AT+CMGS") == 3 and _third_is_sending(branch))
    dispatcher.kill()
    assert len(branch.ledger()) == 2
    modem.clear()
    modem.do("reset")
    branch.start()
    branch.until_states({"accepted": 4, "unknown": 2})
    branch.check()
    assert len(branch.ledger()) == 5


@pytest.mark.parametrize("moment", ["body", "accepted"])
def test_after_the_pdu_and_before_the_answer(branch: Any, until: Any, moment: str) -> None:
    modem = branch.modem()
    modem.set(reports="drop")
    modem.rule("CMGS", moment, "silence", skip=2)
    branch.batch(6)
    dispatcher = branch.start()
    on_the_air = 2 if moment == "body" else 3
    until(lambda: len(branch.ledger()) == on_the_air and branch.heard("AT+CMGS") == 3)
    until(lambda: _third_is_sending(branch))
    dispatcher.kill()
    modem.clear()
    branch.check()
    branch.start()
    states = {"accepted": 4, "unknown": 2} if moment == "body" else {"accepted": 5, "unknown": 1}
    branch.until_states(states)
    assert branch.check() == states
    unknown = next(row for row in branch.all(Message) if row.state is MessageState.UNKNOWN)
    assert unknown.reason == "dispatcher.lost"
    assert len(branch.ledger()) == (5 if moment == "body" else 6)


def test_a_report_resolves_what_the_crash_left_unknown(either_branch: Any, until: Any) -> None:
    branch = either_branch
    modem = branch.modem(report_delay_ms=300)
    modem.rule("CMGS", "accepted", "silence", skip=1)
    branch.batch(4)
    dispatcher = branch.start()
    until(lambda: len(branch.ledger()) == 2)
    dispatcher.kill()
    branch.start()
    branch.until_states({"delivered": 4})
    branch.check()
    assert len(branch.ledger()) == 4


def test_after_the_acceptance_and_before_it_is_written_down(branch: Any, until: Any) -> None:
    """Another writer holds the database while the modem answers; the answer dies with the dispatcher."""
    modem = branch.modem()
    modem.set(reports="drop")
    branch.batch(8)
    modem.rule("CMGS", "accepted", "delay", ms=400, skip=3)
    dispatcher = branch.start()
    until(lambda: len(branch.ledger()) == 4)
    with branch.database.begin():
        until(lambda: branch.heard("AT+CMGS") == 5)  # it goes on to the next one: it has had its answer
        dispatcher.kill()
    branch.check()
    branch.start()
    branch.until_states({"accepted": 7, "unknown": 1})
    branch.check()
    assert len(branch.ledger()) == 8


@pytest.mark.parametrize("moment", ["command", "body", "accepted"])
def test_in_the_middle_of_a_long_message(branch: Any, until: Any, long_text: str, moment: str) -> None:
    """A message of which a part left is never sent again as a whole."""
    modem = branch.modem()
    modem.set(reports="drop")
    modem.rule("CMGS", moment, "silence", skip=1)
    branch.batch(1, text=long_text, parts=3)
    branch.batch(2)
    dispatcher = branch.start()
    until(
        lambda: branch.heard("AT+CMGS") == 2 and [p.state for p in branch.all(MessagePart)][1:] == [PartState.SENDING]
    )
    on_the_air = 2 if moment == "accepted" else 1
    until(lambda: len(branch.ledger()) == on_the_air)
    dispatcher.kill()
    modem.clear()
    branch.start()
    branch.until_states({"accepted": 2, "unknown": 1} if moment == "accepted" else {"accepted": 1, "unknown": 2})
    branch.check()
    assert [part.state for part in branch.all(MessagePart)][:2] == [PartState.ACCEPTED, PartState.UNKNOWN]
    assert len(branch.ledger()) == on_the_air + 2


def test_while_reports_arrive(either_branch: Any, until: Any) -> None:
    """A report counts as received only once it is stored: what was not comes again."""
    branch = either_branch
    branch.modem(latency_ms=0, report_delay_ms=0)
    branch.batch(60)
    for stored in (5, 20, 40):
        dispatcher = branch.start()
        until(lambda stored=stored: len(branch.all(Receipt)) >= stored)
        dispatcher.kill()
        branch.check()
    branch.start()
    until(branch.settled)
    until(lambda: not branch.states().get("accepted"))
    states = branch.check()
    assert states.get("delivered", 0) + states.get("unknown", 0) == 60
    assert all(receipt.matched for receipt in branch.all(Receipt))


def test_again_and_again(branch: Any, until: Any) -> None:
    """Killed every few messages, over two lines; nothing is lost and nothing leaves twice."""
    for _ in range(2):
        branch.modem(latency_ms=5)
    branch.batch(80)
    for level in (10, 25, 45, 60):
        dispatcher = branch.start()
        until(lambda level=level: len(branch.ledger()) >= level)
        dispatcher.kill()
        branch.check()
    branch.start()
    until(branch.settled)
    until(lambda: branch.states().get("delivered", 0) + branch.states().get("unknown", 0) == 80)
    states = branch.check()
    assert states.get("unknown", 0) <= 8  # at most one a line and kill
    assert len(branch.ledger()) >= states["delivered"]
    assert sum(run.stopped_at is None for run in branch.all(Dispatcher)) == 1
