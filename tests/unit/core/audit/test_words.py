from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import console
from console.core.audit.words import ACTIONS, action_title, detail_words, subject_title
from db.audit import canonical

ROOT = Path(console.__file__).parent


def _actions() -> Iterator[tuple[str, str]]:
    """Every action that some code of ours puts into the trail."""
    for path in ROOT.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute | ast.Name):
                continue
            name = node.func.attr if isinstance(node.func, ast.Attribute) else node.func.id
            places = {"audit": 1, "_audit": 2, "_append": 2}
            if name in places and len(node.args) > places[name]:
                action = node.args[places[name]]
                if isinstance(action, ast.Constant) and isinstance(action.value, str):
                    yield action.value, path.name
            if name == "append":
                yield from (
                    (keyword.value.value, path.name)
                    for keyword in node.keywords
                    if keyword.arg == "action"
                    and isinstance(keyword.value, ast.Constant)
                    and isinstance(keyword.value.value, str)
                )


def test_every_action_in_the_code_has_words() -> None:
    found = dict(_actions())
    assert {"login", "user.create", "settings.change"} <= found.keys()
    assert {action: file for action, file in found.items() if action not in ACTIONS} == {}


def test_subjects_and_actions_in_words() -> None:
    assert action_title("campaign.approve") == "Campaign approved"
    assert action_title("later.version") == "later.version"
    assert subject_title("campaign:17") == "Campaign 17"
    assert subject_title("setting:bank.signature") == "Message signature"
    assert subject_title("user:unknown") == "Unknown user"
    assert subject_title("something") == "something"


def test_details_in_words() -> None:
    detail = canonical({"roles": ["officer"], "messages": 1812, "digest": "ab" * 32, "sound": True, "odd": None})
    assert detail_words(detail) == "fingerprint: abababababab; messages: 1,812; odd: –; roles: Officer; whole: yes"
    assert detail_words("{}") == ""
