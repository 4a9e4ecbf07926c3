"""Every setting, declared once: the settings screen, the checks and the typed access all come from here."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from sqlalchemy import delete, insert, select

from console.core.errors import UserError
from console.core.format import masked_phone
from console.core.i18n import LANGUAGES, T, Text, system_language
from console.core.security.permissions import Permission
from db.models import Setting as SettingRow

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from console.core.context import Context

Value = str | int | bool


class Kind(StrEnum):
    TEXT = "text"
    INTEGER = "integer"
    FLAG = "flag"
    CHOICE = "choice"
    FOLDER = "folder"


class Scope(StrEnum):
    USER = "user"  # each user's own
    OFFICE = "office"  # everybody's; needs settings_edit


class Section(StrEnum):
    LOOK = "look"
    OWN = "own"
    OFFICE = "office"
    SENDING = "sending"
    APPROVAL = "approval"
    SECURITY = "security"


SECTION_TITLES: Mapping[Section, Text] = {
    Section.LOOK: T("Appearance"),
    Section.OWN: T("My work"),
    Section.OFFICE: T("Office"),
    Section.SENDING: T("Sending"),
    Section.APPROVAL: T("Approval"),
    Section.SECURITY: T("Security"),
}


class InvalidSetting(UserError):
    """A value outside what its declaration allows."""


@dataclass(frozen=True, kw_only=True)
class Declaration:
    key: str
    kind: Kind
    default: Value
    title: Text
    description: Text
    scope: Scope
    section: Section
    minimum: int | None = None  # of an integer; of the length of a text
    maximum: int | None = None
    choices: Mapping[str, Text] = field(default_factory=dict)
    unit: Text = field(default_factory=lambda: Text(""))
    check: Callable[[str], Text | None] | None = None  # what is wrong with a text, or None
    phone: bool = False  # a number of a person: masked in the audit trail

    def validated(self, value: object) -> Value:
        """``value`` in its stored form. Raises InvalidSetting."""
        if self.kind is Kind.FLAG:
            return self._flag(value)
        if self.kind is Kind.INTEGER:
            return self._integer(value)
        return self._text(value)

    def _flag(self, value: object) -> bool:
        if not isinstance(value, bool):
            raise InvalidSetting(T("{title} is either on or off.", title=str(self.title)))
        return value

    def _integer(self, value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            raise InvalidSetting(T("{title} must be a whole number.", title=str(self.title)))
        low, high = self.minimum, self.maximum
        if (low is not None and value < low) or (high is not None and value > high):
            raise InvalidSetting(
                T(
                    "{title} must lie between {low} and {high}.",
                    title=str(self.title),
                    low="" if low is None else low,
                    high="" if high is None else high,
                )
            )
        return value

    def _text(self, value: object) -> str:
        if not isinstance(value, str):
            raise InvalidSetting(T("{title} must be a text.", title=str(self.title)))
        value = value.strip()
        if self.kind is Kind.CHOICE and value not in self.choices:
            raise InvalidSetting(T("{title} has no such choice.", title=str(self.title)))
        if len(value) < (self.minimum or 0) or (self.maximum is not None and len(value) > self.maximum):
            raise InvalidSetting(
                T(
                    "{title} must have {low} to {high} characters.",
                    title=str(self.title),
                    low=self.minimum or 0,
                    high=self.maximum or 0,
                )
            )
        trouble = self.check(value) if self.check else None
        if trouble is not None:
            raise InvalidSetting(trouble)
        return value


def _signature(value: str) -> Text | None:
    if set(value) & set("【】[]"):
        return T("The signature is written without brackets; the program adds them.")
    return None


def _optional_mobile(value: str) -> Text | None:
    if value and not (
        len(value) == 11 and value.isascii() and value.isdigit() and value[0] == "1" and value[1] in "3456789"
    ):
        return T("A mobile number has 11 digits and begins with 13 to 19.")
    return None


_DECLARED = (
    Declaration(
        key="ui.language",
        kind=Kind.CHOICE,
        default="system",
        title=T("Language"),
        description=T("Menus, messages and exported files."),
        scope=Scope.USER,
        section=Section.LOOK,
        choices={"system": T("As the system"), **{tag: Text(name) for tag, name in LANGUAGES.items()}},
    ),
    Declaration(
        key="ui.theme",
        kind=Kind.CHOICE,
        default="system",
        title=T("Colours"),
        description=T("Light, dark, or as the system has it."),
        scope=Scope.USER,
        section=Section.LOOK,
        choices={"system": T("As the system"), "light": T("Light"), "dark": T("Dark")},
    ),
    Declaration(
        key="ui.density",
        kind=Kind.CHOICE,
        default="comfortable",
        title=T("Row height"),
        description=T("Compact shows more rows at once."),
        scope=Scope.USER,
        section=Section.LOOK,
        choices={"comfortable": T("Comfortable"), "compact": T("Compact")},
    ),
    Declaration(
        key="ui.font_size",
        kind=Kind.INTEGER,
        default=13,
        minimum=11,
        maximum=20,
        unit=T("pixels"),
        title=T("Font size"),
        description=T("Everything on the screen grows with it."),
        scope=Scope.USER,
        section=Section.LOOK,
    ),
    Declaration(
        key="bank.signature",
        kind=Kind.TEXT,
        default="示例银行",
        minimum=2,
        maximum=18,
        title=T("Message signature"),
        description=T("Stands in brackets before every message and counts as part of it."),
        scope=Scope.OFFICE,
        section=Section.OFFICE,
        check=_signature,
    ),
    Declaration(
        key="bank.branch",
        kind=Kind.TEXT,
        default="城东支行",
        maximum=30,
        title=T("Branch name"),
        description=T("Used in messages where the branch is named."),
        scope=Scope.OFFICE,
        section=Section.OFFICE,
    ),
    Declaration(
        key="bank.contact_phone",
        kind=Kind.TEXT,
        default="021-55550100",
        maximum=20,
        title=T("Contact telephone"),
        description=T("The number that customers are asked to call."),
        scope=Scope.OFFICE,
        section=Section.OFFICE,
    ),
    Declaration(
        key="bank.test_phone",
        kind=Kind.TEXT,
        default="",
        title=T("Telephone for test messages"),
        description=T("Offered when a campaign is tested; empty asks each time."),
        scope=Scope.OFFICE,
        section=Section.OFFICE,
        check=_optional_mobile,
        phone=True,
    ),
    Declaration(
        key="sending.max_attempts",
        kind=Kind.INTEGER,
        default=3,
        minimum=1,
        maximum=10,
        unit=T("attempts"),
        title=T("Attempts per message"),
        description=T("Only failures that prove that nothing left are tried again."),
        scope=Scope.OFFICE,
        section=Section.SENDING,
    ),
    Declaration(
        key="sending.retry_seconds",
        kind=Kind.INTEGER,
        default=60,
        minimum=5,
        maximum=3600,
        unit=T("seconds"),
        title=T("Wait before another attempt"),
        description=T("Doubled after each attempt."),
        scope=Scope.OFFICE,
        section=Section.SENDING,
    ),
    Declaration(
        key="sending.lease_seconds",
        kind=Kind.INTEGER,
        default=60,
        minimum=10,
        maximum=600,
        unit=T("seconds"),
        title=T("Reservation of a message"),
        description=T("For how long a message stays reserved for a line that has stopped answering."),
        scope=Scope.OFFICE,
        section=Section.SENDING,
    ),
    Declaration(
        key="sending.part_price",
        kind=Kind.INTEGER,
        default=0,
        minimum=0,
        maximum=10_000,
        unit=T("thousandths of a yuan"),
        title=T("Price of one part"),
        description=T("What a campaign costs is told from it; 0 where nobody asks."),
        scope=Scope.OFFICE,
        section=Section.SENDING,
    ),
    Declaration(
        key="sending.keep_sending_on_close",
        kind=Kind.CHOICE,
        default="ask",
        title=T("When the window is closed"),
        description=T("Whether messages that are still waiting go on being sent."),
        scope=Scope.USER,
        section=Section.OWN,
        choices={"ask": T("Ask"), "keep": T("Go on sending"), "stop": T("Stop sending")},
    ),
    Declaration(
        key="approval.expire_hours",
        kind=Kind.INTEGER,
        default=72,
        minimum=1,
        maximum=720,
        unit=T("hours"),
        title=T("An approval is valid for"),
        description=T("What has not been sent by then is not sent any more."),
        scope=Scope.OFFICE,
        section=Section.APPROVAL,
    ),
    Declaration(
        key="approval.second_above",
        kind=Kind.INTEGER,
        default=0,
        minimum=0,
        maximum=10_000_000,
        unit=T("messages"),
        title=T("A second supervisor approves above"),
        description=T("0: only where the kind of message asks for it."),
        scope=Scope.OFFICE,
        section=Section.APPROVAL,
    ),
    Declaration(
        key="session.idle_minutes",
        kind=Kind.INTEGER,
        default=10,
        minimum=1,
        maximum=120,
        unit=T("minutes"),
        title=T("Lock the window after"),
        description=T("Without keyboard or mouse for this long, the password is asked for again."),
        scope=Scope.OFFICE,
        section=Section.SECURITY,
    ),
    Declaration(
        key="security.password_length",
        kind=Kind.INTEGER,
        default=10,
        minimum=8,
        maximum=64,
        unit=T("characters"),
        title=T("Shortest password"),
        description=T("Applies when a password is next set."),
        scope=Scope.OFFICE,
        section=Section.SECURITY,
    ),
    Declaration(
        key="security.looks_per_hour",
        kind=Kind.INTEGER,
        default=30,
        minimum=1,
        maximum=1000,
        title=T("Looks at full numbers in an hour"),
        description=T("Whoever asks for more is refused, and supervisor and auditor see it."),
        scope=Scope.OFFICE,
        section=Section.SECURITY,
    ),
    Declaration(
        key="security.full_export_hours",
        kind=Kind.INTEGER,
        default=24,
        minimum=1,
        maximum=168,
        unit=T("hours"),
        title=T("An approval of full numbers is valid for"),
        description=T("Within this time the file may be written once, by the person who asked."),
        scope=Scope.OFFICE,
        section=Section.SECURITY,
    ),
    Declaration(
        key="export.folder",
        kind=Kind.FOLDER,
        default="",
        title=T("Folder for exported files"),
        description=T("Empty: the documents folder."),
        scope=Scope.USER,
        section=Section.OWN,
    ),
)

SETTINGS: Mapping[str, Declaration] = {declared.key: declared for declared in _DECLARED}


class Settings(Mapping[str, Value]):
    """The values in force for one user: stored ones where there are any, declared defaults elsewhere. Immutable."""

    def __init__(self, stored: Mapping[str, Value] | None = None) -> None:
        self._stored = dict(stored or {})

    @staticmethod
    def load(session: Session, user_id: int = 0) -> Settings:
        """``user_id`` 0: the office's settings, as the dispatcher needs them."""
        rows = session.execute(
            select(SettingRow.key, SettingRow.user_id, SettingRow.value).where(SettingRow.user_id.in_({0, user_id}))
        )
        stored: dict[str, Value] = {}
        for key, owner, value in rows:
            declared = SETTINGS.get(key)  # a newer or older version may have left one that this one does not know
            if declared is not None and owner == (user_id if declared.scope is Scope.USER else 0):
                stored[key] = declared.validated(value)
        return Settings(stored)

    def __getitem__(self, key: str) -> Value:
        return self._stored.get(key, SETTINGS[key].default)

    def __iter__(self) -> Iterator[str]:
        return iter(SETTINGS)

    def __len__(self) -> int:
        return len(SETTINGS)

    def text(self, key: str) -> str:
        value = self[key]
        if not isinstance(value, str):
            raise TypeError(key)
        return value

    def integer(self, key: str) -> int:
        value = self[key]
        if isinstance(value, bool) or not isinstance(value, int):
            raise TypeError(key)
        return value

    def flag(self, key: str) -> bool:
        value = self[key]
        if not isinstance(value, bool):
            raise TypeError(key)
        return value

    @property
    def language(self) -> str:
        """The shipped language to show, ``system`` resolved."""
        chosen = self.text("ui.language")
        return system_language() if chosen == "system" else chosen

    def changed(self, key: str, value: object) -> Settings:
        """These settings with one value replaced, checked. Raises InvalidSetting."""
        return Settings({**self._stored, key: SETTINGS[key].validated(value)})


def save(context: Context, values: Mapping[str, object]) -> Settings:
    """Store what differs from what is in force, in one transaction, audited; the settings that hold from now on.

    Raises InvalidSetting, and NotPermitted for an office setting without the right to it.
    """
    settings = context.settings
    for key, value in values.items():
        settings = settings.changed(key, value)
    changed = [SETTINGS[key] for key in values if settings[key] != context.settings[key]]
    if any(declared.scope is Scope.OFFICE for declared in changed):
        context.require(Permission.SETTINGS_EDIT)
    if changed:
        with context.database.begin() as session:
            for declared in changed:
                _store(context, session, declared, settings[declared.key])
    return settings


def _store(context: Context, session: Session, declared: Declaration, value: Value) -> None:
    owner = context.actor.user_id if declared.scope is Scope.USER else 0
    session.execute(delete(SettingRow).where(SettingRow.key == declared.key, SettingRow.user_id == owner))
    if value != declared.default:
        now = context.clock.now()
        session.execute(insert(SettingRow).values(key=declared.key, user_id=owner, value=value, changed_at=now))
    if declared.scope is Scope.OFFICE:
        shown = masked_phone(value) if declared.phone and isinstance(value, str) and value else value
        context.audit(session, "settings.change", f"setting:{declared.key}", value=shown)
