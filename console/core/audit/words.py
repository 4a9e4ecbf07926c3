"""The audit trail in words: actions, subjects and details, in the reader's language."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime

from console.core.format import local_datetime
from console.core.i18n import T, Text, clauses, listed, tr
from console.core.security.permissions import ROLE_TITLES, Role
from console.core.settings import SETTINGS

_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?([+-]\d\d:\d\d|Z)\Z")

ACTIONS: Mapping[str, Text] = {
    "login": T("Logged in"),
    "login.refused": T("Login refused"),
    "login.locked": T("Login locked out"),
    "login.unlock": T("Window unlocked"),
    "database.create": T("Database set up"),
    "database.backup": T("Backup made"),
    "database.restored": T("Older copy of the database at work again"),
    "database.move": T("Move to a server begun"),
    "database.taken_back": T("Interrupted move taken back"),
    "database.arrived": T("Database arrived from a workstation"),
    "database.service": T("Service secret written"),
    "delegation.give": T("Deciding lent to a deputy"),
    "delegation.end": T("Deputy's right taken back"),
    "user.create": T("User added"),
    "user.roles": T("Roles changed"),
    "user.deactivate": T("User switched off"),
    "user.reset_password": T("Password reset"),
    "user.change_password": T("Password changed"),
    "user.password_in_step": T("Password brought into step with the key file"),
    "settings.change": T("Setting changed"),
    "audit.verify": T("Audit trail verified"),
    "customer.import": T("Customers imported"),
    "customer.import_undo": T("Import undone"),
    "customer.import_undo_refused": T("Undoing an import given up"),
    "customer.import_errors": T("Error workbook of an import saved again"),
    "customer.export": T("Customers exported"),
    "customer.reveal_phone": T("Phone number revealed"),
    "customer.reveal_id": T("Identity number revealed"),
    "customer.reveal_account": T("Account number revealed"),
    "customer.create": T("Customer entered by hand"),
    "customer.edit": T("Customer changed"),
    "customer.bulk_edit": T("Many customers changed"),
    "customer.bulk_undo": T("Change of many customers undone"),
    "customer.phone_add": T("Further number added"),
    "customer.phone_main": T("Another number made the main one"),
    "customer.phone_remove": T("Further number removed"),
    "loan.create": T("Loan entered by hand"),
    "loan.edit": T("Loan changed"),
    "loan.schedule": T("Instalments computed"),
    "instalment.pay": T("Payment noted"),
    "instalment.take_back": T("Payment taken back"),
    "consent.give": T("Consent recorded"),
    "consent.withdraw": T("Refusal recorded"),
    "suppression.add": T("Number put on the do-not-contact list"),
    "suppression.end": T("Number taken off the do-not-contact list"),
    "suppression.import": T("Do-not-contact list imported"),
    "suppression.export": T("Do-not-contact list exported"),
    "circumstance.set": T("Circumstance noted"),
    "circumstance.end": T("Circumstance ended"),
    "contact.add": T("Contact noted"),
    "field.create": T("Field of customers added"),
    "field.edit": T("Field of customers changed"),
    "field.retire": T("Field of customers retired"),
    "field.restore": T("Field of customers taken up again"),
    "field.move": T("Fields of customers put in another order"),
    "template.copy": T("Template copied"),
    "template.save": T("Template saved"),
    "template.retire": T("Template retired"),
    "template.restore": T("Template taken up again"),
    "template.submit": T("Template submitted for review"),
    "template.withdraw": T("Template taken back from review"),
    "template.approve": T("Template approved"),
    "template.return": T("Template returned"),
    "template.export": T("Templates exported"),
    "signature.save": T("Signature registered"),
    "signature.retire": T("Signature retired"),
    "signature.restore": T("Signature taken up again"),
    "segment.create": T("Segment written"),
    "segment.save": T("Segment changed"),
    "segment.rename": T("Segment renamed"),
    "segment.copy": T("Segment copied"),
    "segment.retire": T("Segment retired"),
    "segment.restore": T("Segment taken up again"),
    "segment.pin": T("Segment pinned"),
    "segment.unpin": T("Pinned list given up"),
    "campaign.create": T("Campaign written"),
    "campaign.edit": T("Campaign changed"),
    "campaign.copy": T("Campaign copied"),
    "campaign.delete": T("Campaign deleted"),
    "campaign.submit": T("Submitted for approval"),
    "campaign.withdraw": T("Withdrawn from approval"),
    "campaign.approve": T("Campaign approved"),
    "campaign.return": T("Campaign returned"),
    "campaign.pause": T("Campaign paused"),
    "campaign.resume": T("Campaign resumed"),
    "campaign.cancel": T("Campaign cancelled"),
    "campaign.finish": T("Campaign finished"),
    "campaign.lapse": T("Approval lapsed"),
    "campaign.tampered": T("Campaign found changed after freezing"),
    "campaign.test_send": T("Test message sent"),
    "series.create": T("Campaign made to repeat"),
    "series.change": T("Repetition changed"),
    "series.pause": T("Series paused"),
    "series.resume": T("Series resumed"),
    "series.end": T("Series ended"),
    "series.stop": T("Series stopped by the program"),
    "series.run": T("Run of a series made by the program"),
    "series.missed": T("Run of a series missed"),
    "series.empty": T("Run of a series for nobody"),
    "series.failed": T("Run of a series failed"),
    "outbox.resolve": T("Unknown outcome decided"),
    "sending.stop": T("All sending stopped"),
    "sending.trust_clock": T("Clock of the computer confirmed"),
    "sending.resume": T("Sending taken up again"),
    "sending.stop_class": T("One kind of message stopped"),
    "sending.resume_class": T("Stop of one kind of message lifted"),
    "line.add": T("Line added"),
    "line.edit": T("Line changed"),
    "line.on": T("Line switched on"),
    "line.off": T("Line switched off"),
    "line.remove": T("Line removed"),
    "line.fault": T("Line failed"),
    "line.rest": T("Line given a rest after several attempts"),
    "line.recovered": T("Line works again"),
    "line.moved": T("Modem found at another port"),
    "line.balance": T("Balance of a line asked for"),
    "line.terminal.open": T("Support terminal opened"),
    "line.terminal.close": T("Support terminal closed"),
    "dispatcher.stop": T("Sending process asked to stop"),
    "consent.refused": T("Refusal by reply recorded"),
    "outbox.tampered": T("Message found changed before sending"),
    "outbox.reconcile": T("Campaigns and lines reconciled"),
    "outbox.settle": T("Discrepancy settled"),
    "report.export": T("Report exported"),
    "rules.draft": T("Draft of the rules begun"),
    "rules.edit": T("Rule changed in the draft"),
    "rules.submit": T("Rules submitted for approval"),
    "rules.withdraw": T("Rules taken back from approval"),
    "rules.approve": T("Rules approved"),
    "rules.return": T("Rules returned"),
    "rules.export_words": T("Word lists exported"),
    "rules.discard": T("Draft of the rules thrown away"),
    "look.refused": T("Look at a full number refused: too many"),
    "full_export.request": T("Full numbers asked for"),
    "full_export.approve": T("File with full numbers approved"),
    "full_export.refuse": T("File with full numbers refused"),
    "full_export.use": T("Approval of full numbers used"),
    "retention.change": T("Time of keeping changed"),
    "retention.run": T("Old records deleted or anonymised"),
    "subject.export": T("A customer's data handed over"),
    "subject.erase": T("A customer erased at their request"),
    "audit.export": T("Audit trail exported"),
}

AREAS: Mapping[str, Text] = {
    "login": T("Logins"),
    "user": T("Users"),
    "delegation": T("Deputies"),
    "customer": T("Customers"),
    "template": T("Templates"),
    "signature": T("Signatures"),
    "segment": T("Segments"),
    "campaign": T("Campaigns"),
    "series": T("Campaigns that repeat"),
    "outbox": T("Records of sending"),
    "sending": T("Sending"),
    "line": T("Lines"),
    "dispatcher": T("Sending process"),
    "consent": T("Consents"),
    "suppression": T("Do-not-contact list"),
    "circumstance": T("Circumstances"),
    "contact": T("Contacts"),
    "loan": T("Loans"),
    "instalment": T("Instalments"),
    "field": T("Fields of customers"),
    "report": T("Reports"),
    "rules": T("Rules"),
    "look": T("Looks at full numbers"),
    "full_export": T("Files with full numbers"),
    "retention": T("Times of keeping"),
    "subject": T("Requests of customers"),
    "settings": T("Settings"),
    "database": T("Database"),
    "audit": T("Verification"),
}

SUBJECTS: Mapping[str, Text] = {
    "batch": T("Batch {n}"),
    "campaign": T("Campaign {n}"),
    "discrepancy": T("Discrepancy {n}"),
    "customer": T("Customer {n}"),
    "delegation": T("Deputy {n}"),
    "field": T("Field {n}"),
    "full_export": T("Request {n}"),
    "erasure": T("Erasure {n}"),
    "import": T("Import {n}"),
    "loan": T("Loan {n}"),
    "suppression": T("Do-not-contact entry {n}"),
    "line": T("Line {n}"),
    "message": T("Message {n}"),
    "signature": T("Signature {n}"),
    "rules": T("Rules, draft {n}"),
    "segment": T("Segment {n}"),
    "series": T("Series {n}"),
    "template": T("Template {n}"),
    "user": T("User {n}"),
}

DETAILS: Mapping[str, Text] = {
    "added": T("added"),
    "address": T("address"),
    "after": T("after"),
    "approved": T("approved"),
    "audience": T("audience"),
    "batch": T("batch"),
    "before": T("before"),
    "campaign": T("campaign"),
    "campaigns": T("campaigns"),
    "copied_at": T("copied at"),
    "class_key": T("kind of message"),
    "amount": T("amount"),
    "changed": T("changed fields"),
    "comment": T("comment"),
    "connected": T("connected"),
    "evidence": T("evidence"),
    "instalment": T("instalment"),
    "instalments": T("instalments"),
    "issuer": T("issued by"),
    "kind": T("kind"),
    "lifted": T("taken off the list"),
    "holder": T("holder"),
    "registration": T("number of the registration"),
    "signature": T("signature"),
    "valid_until": T("valid until"),
    "on_behalf_of": T("in place of"),
    "starts_at": T("from"),
    "ends_at": T("until"),
    "loan": T("loan"),
    "scope": T("scope"),
    "seen": T("seen until then"),
    "title": T("title"),
    "until": T("until"),
    "code": T("code"),
    "commands": T("commands"),
    "count": T("count"),
    "customers": T("customers"),
    "decision": T("decision"),
    "digest": T("fingerprint"),
    "duplicates": T("duplicates"),
    "entries": T("entries"),
    "excluded": T("left out"),
    "expires_at": T("valid until"),
    "file": T("file"),
    "filter": T("filter"),
    "found": T("found"),
    "records": T("records that do not agree"),
    "there": T("there"),
    "paused": T("paused"),
    "note": T("note"),
    "first_bad": T("first wrong entry"),
    "invalid": T("invalid"),
    "key": T("key"),
    "line": T("line"),
    "login": T("login name"),
    "message": T("message"),
    "messages": T("messages"),
    "name": T("name"),
    "not_before": T("not before"),
    "number": T("version"),
    "pace": T("messages a minute"),
    "parts": T("parts"),
    "period": T("period"),
    "phone": T("number"),
    "pin": T("PIN"),
    "place": T("place"),
    "months": T("months"),
    "basis": T("on what ground"),
    "counts": T("by kind"),
    "limit": T("most in an hour"),
    "whole": T("everything"),
    "request": T("request"),
    "purpose": T("purpose"),
    "quota": T("messages a day"),
    "hourly": T("messages an hour"),
    "monthly": T("messages a month"),
    "hours": T("hours"),
    "classes": T("message classes"),
    "priority": T("priority"),
    "schedule": T("schedule"),
    "follow": T("follows its modem"),
    "balance": T("code for the balance"),
    "exchanged": T("lines that changed places"),
    "reason": T("reason"),
    "recorded_late": T("recorded at the next opening"),
    "report": T("report"),
    "revealed": T("numbers in full"),
    "roles": T("roles"),
    "rows": T("rows"),
    "retire_gone": T("made inactive"),
    "policy": T("what counts"),
    "totals_confirmed": T("totals that differ"),
    "rule": T("rule"),
    "rules": T("version of the rules"),
    "second": T("words for two approvers"),
    "recurrence": T("repeats"),
    "due_on": T("due on"),
    "series": T("series"),
    "maker": T("in the name of"),
    "hold_out": T("held out"),
    "sha256": T("fingerprint of the file"),
    "sound": T("whole"),
    "source": T("source"),
    "step": T("what was done"),
    "steps": T("steps taken"),
    "template_version": T("template version"),
    "unchanged": T("unchanged"),
    "updated": T("updated"),
    "value": T("value"),
    "field": T("field"),
    "version": T("version"),
    "voided": T("approval voided"),
}

REPORTS: Mapping[str, Text] = {
    "daily": T("Daily report"),
    "campaign": T("Campaign report"),
    "details": T("Message details"),
    "trouble": T("Failures and unknown outcomes"),
    "compare": T("Campaigns compared"),
    "series": T("Campaigns that repeat"),
}


def actor_title(actor: str) -> str:
    """A login name, or the program itself."""
    return tr("System") if actor == "system" else actor


def action_title(action: str) -> str:
    """An action that this version does not know is shown as it is stored."""
    return str(ACTIONS.get(action, action))


def subject_title(subject: str) -> str:
    kind, _, name = subject.partition(":")
    if kind == "setting" and name in SETTINGS:
        return str(SETTINGS[name].title)
    if kind == "user" and name == "unknown":
        return tr("Unknown user")
    if not name and kind in AREAS:
        return str(AREAS[kind])
    title = SUBJECTS.get(kind)
    return str(Text(title.source, {"n": name})) if title is not None and name else subject


def detail_words(stored: str) -> str:
    """``stored``: the canonical JSON of an entry."""
    return clauses(tr("{name}: {value}", name=name, value=value) for name, value in detail_pairs(stored))


def detail_pairs(stored: str) -> list[tuple[str, str]]:
    """Names and values for a table of them; what was left empty is left out."""
    pairs = ((str(DETAILS.get(key, key)), _value(key, value)) for key, value in json.loads(stored).items())
    return [(name, value) for name, value in pairs if value]


def _value(key: str, value: object) -> str:
    if isinstance(value, bool):
        return tr("yes") if value else tr("no")
    if value is None:
        return "–"
    if isinstance(value, list):
        return listed(_value(key, item) for item in value) or "–"
    if isinstance(value, dict):
        return listed(f"{name} {_value(name, item)}" for name, item in value.items())
    if isinstance(value, int):
        return f"{value:,}"
    text = str(value)
    if key in ("roles", "before") and text in set(Role):
        return str(ROLE_TITLES[Role(text)])
    if key == "report" and text in REPORTS:
        return str(REPORTS[text])
    if _MOMENT.match(text):
        return local_datetime(datetime.fromisoformat(text))
    return text[:12] if key == "digest" else text
