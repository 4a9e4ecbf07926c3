from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import console
from console.core.audit.words import ACTIONS, AREAS, DETAILS, action_title, detail_words, subject_title
from db.audit import canonical

ROOT = Path(console.__file__).parent


def _calls() -> Iterator[ast.Call]:
    """Every call that puts something into the trail."""
    for path in ROOT.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute | ast.Name):
                name = node.func.attr if isinstance(node.func, ast.Attribute) else node.func.id
                keywords = {keyword.arg for keyword in node.keywords}
                if name in ("audit", "_audit", "_append", "_record") or (name == "append" and "action" in keywords):
                    yield node


def _actions() -> set[str]:
    found = set()
    for call in _calls():
        values = [*call.args, *(keyword.value for keyword in call.keywords if keyword.arg == "action")]
        for value in values:
            texts = [value.body, value.orelse] if isinstance(value, ast.IfExp) else [value]
            found |= {text.value for text in texts if isinstance(text, ast.Constant) and isinstance(text.value, str)}
    return {text for text in found if re.fullmatch(r"login|[a-z]+\.[a-z_]+", text)}


def test_every_action_in_the_code_has_words() -> None:
    found = _actions()
    assert {"login", "user.create", "settings.change", "campaign.approve", "line.off"} <= found
    assert found - ACTIONS.keys() == set()
    assert {action.partition(".")[0] for action in ACTIONS} - AREAS.keys() == set()


def test_every_detail_in_the_code_has_words() -> None:
    found = {keyword.arg for call in _calls() for keyword in call.keywords if keyword.arg is not None}
    assert found - {"at", "actor_id", "actor", "action", "subject", "detail"} - DETAILS.keys() == set()


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
    moments = canonical({"expires_at": "2026-11-24T05:23:41+00:00", "note": "2026-11-24T05:23"})
    assert detail_words(moments) == "valid until: 2026-11-24 13:23; note: 2026-11-24T05:23"
