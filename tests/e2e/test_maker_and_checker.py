"""Four eyes, as two people sit before the program: made, returned with a comment, mended, approved, sent, watched."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PySide6.QtWidgets import QAbstractButton

if TYPE_CHECKING:
    from tests.e2e.conftest import Person

_job = runpy.run_path(str(Path(__file__).with_name("test_main_job.py")))
GOOD, CAMPAIGN = _job["GOOD"], _job["CAMPAIGN"]
COMMENT = "Please say in the name which branch it is for."
MENDED = "November instalments, east branch"


def make_and_submit(person: Person, folder: Path) -> None:
    _job["import_file"](person, folder)
    _job["write_campaign"](person)
    assert not person.reads("Approvals")  # who makes does not check


def read_and_return(person: Person) -> None:
    person.go("Approvals")
    person.wait_to_read(CAMPAIGN)
    person.wait(lambda: person.rows("Messages as they will arrive") == GOOD, "not every message is there to be read")
    person.wait_to_read(f"All {GOOD} messages are exactly what was submitted.")
    assert not person.find(QAbstractButton, "Return with comment").isEnabled()
    person.write("Comment for the maker", COMMENT)
    person.click("Return with comment")
    person.wait_to_read("Nothing waits for approval")


def mend_and_submit(person: Person) -> None:
    person.wait_to_read("Returned to you with a comment")
    person.click(CAMPAIGN)
    person.wait_to_read(f"Returned: {COMMENT}")
    person.click("Edit")
    person.wait_to_read(COMMENT)
    person.write("Name of the campaign", MENDED)
    person.click("Submit for approval")
    person.wait_to_read(f"{GOOD} messages wait for approval.")


def read_and_approve(person: Person) -> None:
    person.wait_to_read(MENDED)  # waits on the home page
    person.click(MENDED)
    person.wait_to_read(f"All {GOOD} messages are exactly what was submitted.")
    left = {message["recipient"][-11:] for message in person.modem.accepted()}
    assert left == {_job["TEST_NUMBER"]}  # nothing of what nobody has approved
    person.click("Approve")
    person.wait_to_read("Nothing waits for approval")


@pytest.mark.timeout(240)
def test_one_makes_it_and_the_other_lets_it_out(person: Person, tmp_path: Path) -> None:
    person.log_in("Officer")
    make_and_submit(person, tmp_path)
    person.log_out()
    person.log_in("Supervisor")
    read_and_return(person)
    person.log_out()
    person.log_in("Officer")
    mend_and_submit(person)
    person.log_out()
    person.log_in("Supervisor")
    read_and_approve(person)
    person.log_out()
    person.log_in("Officer")
    person.go("Campaigns")
    person.pick("Campaigns", MENDED)
    person.find(QAbstractButton, f"Delivered: {GOOD}")
    assert len({message["recipient"] for message in person.modem.accepted()}) == GOOD + 1
