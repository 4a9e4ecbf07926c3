from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import insert, select

from console.core.context import Context
from console.core.errors import NotPermitted
from console.core.settings import SECTION_TITLES, SETTINGS, InvalidSetting, Kind, Scope, Section, Settings, save
from db.models import AuditEntry, Setting


def test_every_default_passes_its_own_check() -> None:
    for declared in SETTINGS.values():
        assert declared.validated(declared.default) == declared.default
        assert str(declared.title)
        assert str(declared.description).endswith(".")
    assert {declared.section for declared in SETTINGS.values()} == set(Section) == set(SECTION_TITLES)


def test_defaults_and_typed_access() -> None:
    settings = Settings()
    assert settings["sending.max_attempts"] == settings.integer("sending.max_attempts") == 3
    assert settings.text("bank.signature") == "示例银行"
    assert len(settings) == len(SETTINGS)
    with pytest.raises(TypeError):
        settings.text("sending.max_attempts")
    with pytest.raises(TypeError):
        settings.integer("bank.signature")
    with pytest.raises(KeyError):
        settings["no.such.setting"]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("ui.language", "fr"),
        ("ui.font_size", 40),
        ("ui.font_size", "13"),
        ("ui.font_size", True),
        ("bank.signature", "【银行】"),
        ("bank.signature", "行"),
        ("bank.signature", "行" * 19),
        ("bank.test_phone", "12345"),
        ("sending.max_attempts", 0),
    ],
)
def test_values_outside_the_declaration_are_refused(key: str, value: object) -> None:
    with pytest.raises(InvalidSetting):
        Settings().changed(key, value)


def test_each_user_has_an_own_look_and_all_share_the_office(context_of: Callable[[str], Context]) -> None:
    officer, admin = context_of("officer"), context_of("admin")
    assert save(officer, {"ui.theme": "dark"}).text("ui.theme") == "dark"
    assert save(admin, {"bank.signature": " 华夏样例银行 "}).text("bank.signature") == "华夏样例银行"
    with officer.database.read() as session:
        mine = Settings.load(session, officer.actor.user_id)
        theirs = Settings.load(session, admin.actor.user_id)
        office = Settings.load(session)
    assert [mine.text("ui.theme"), theirs.text("ui.theme"), office.text("ui.theme")] == ["dark", "system", "system"]
    assert {settings.text("bank.signature") for settings in (mine, theirs, office)} == {"华夏样例银行"}


def test_only_an_administrator_changes_the_office_and_the_chain_says_so(context_of: Callable[[str], Context]) -> None:
    officer, admin = context_of("officer"), context_of("admin")
    with pytest.raises(NotPermitted):
        save(officer, {"ui.theme": "dark", "bank.branch": "城西支行"})
    save(admin, {"bank.test_phone": "13800138000", "bank.branch": "城西支行"})
    with admin.database.read() as session:
        entries = session.execute(select(AuditEntry.subject, AuditEntry.detail).order_by(AuditEntry.id)).all()
    assert [tuple(entry) for entry in entries] == [
        ("setting:bank.test_phone", '{"value":"138****8000"}'),
        ("setting:bank.branch", '{"value":"城西支行"}'),
    ]


def test_saving_what_is_in_force_writes_nothing_and_the_default_takes_the_row_away(admin_ctx: Context) -> None:
    save(admin_ctx, {"sending.max_attempts": 3})
    changed = admin_ctx.with_settings(save(admin_ctx, {"sending.max_attempts": 5}))
    save(changed, {"sending.max_attempts": 3})
    with admin_ctx.database.read() as session:
        assert session.scalars(select(Setting)).all() == []
        assert len(session.scalars(select(AuditEntry)).all()) == 2


def test_a_setting_of_another_version_is_passed_over(ctx: Context) -> None:
    with ctx.database.begin() as session:
        session.execute(insert(Setting).values(key="from.later", user_id=0, value=1, changed_at=ctx.clock.now()))
    with ctx.database.read() as session:
        assert dict(Settings.load(session)) == dict(Settings())


def test_kinds_and_scopes_are_all_in_use() -> None:
    assert {declared.scope for declared in SETTINGS.values()} == set(Scope)
    assert {declared.kind for declared in SETTINGS.values()} <= set(Kind)
