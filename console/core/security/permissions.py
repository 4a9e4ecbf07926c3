"""Roles and what each may do. The table is the only place where a right is granted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum

from console.core.i18n import T, Text


class Role(StrEnum):
    OFFICER = "officer"
    SUPERVISOR = "supervisor"
    REPORTER = "reporter"
    ADMINISTRATOR = "administrator"
    AUDITOR = "auditor"


class Permission(StrEnum):
    CUSTOMERS_VIEW = "customers_view"
    CUSTOMERS_IMPORT = "customers_import"
    CUSTOMERS_EDIT = "customers_edit"  # the file by hand: data, loans, consents, notes
    PHONES_REVEAL = "phones_reveal"
    SUPPRESSIONS_VIEW = "suppressions_view"
    SUPPRESSIONS_EDIT = "suppressions_edit"
    SUPPRESSIONS_OVERRULE = "suppressions_overrule"  # end those of head office and of the regulator
    TEMPLATES_VIEW = "templates_view"
    TEMPLATES_EDIT = "templates_edit"
    CAMPAIGNS_VIEW = "campaigns_view"
    CAMPAIGNS_EDIT = "campaigns_edit"
    CAMPAIGNS_SUBMIT = "campaigns_submit"
    CAMPAIGNS_RUN = "campaigns_run"  # pause, resume, cancel
    CAMPAIGNS_TEST_SEND = "campaigns_test_send"
    APPROVALS_DECIDE = "approvals_decide"
    OUTBOX_RESOLVE = "outbox_resolve"
    SENDING_STOP = "sending_stop"  # anybody who can send may stop: stopping harms nobody
    SENDING_RESUME = "sending_resume"
    LINES_VIEW = "lines_view"
    LINES_EDIT = "lines_edit"
    REPORTS_EXPORT = "reports_export"
    AUDIT_VIEW = "audit_view"
    RULES_VIEW = "rules_view"
    RULES_EDIT = "rules_edit"  # a draft of the rule pack
    RULES_APPROVE = "rules_approve"
    USERS_EDIT = "users_edit"
    SETTINGS_EDIT = "settings_edit"
    BACKUP_MAKE = "backup_make"
    DATABASE_MOVE = "database_move"
    LOOKS_VIEW = "looks_view"  # who looked at full numbers
    SUBJECT_REQUESTS = "subject_requests"  # hand over or erase a customer's data at their request
    RETENTION_VIEW = "retention_view"
    RETENTION_EDIT = "retention_edit"


P = Permission
GRANTS: Mapping[Role, frozenset[Permission]] = {
    Role.OFFICER: frozenset({
        P.CUSTOMERS_VIEW, P.CUSTOMERS_EDIT, P.SUPPRESSIONS_VIEW, P.SUPPRESSIONS_EDIT,
        P.CUSTOMERS_IMPORT, P.PHONES_REVEAL, P.TEMPLATES_VIEW, P.TEMPLATES_EDIT, P.CAMPAIGNS_VIEW,
        P.CAMPAIGNS_EDIT, P.CAMPAIGNS_SUBMIT, P.CAMPAIGNS_RUN, P.CAMPAIGNS_TEST_SEND, P.OUTBOX_RESOLVE, P.LINES_VIEW,
        P.SENDING_STOP, P.RULES_VIEW,
    }),
    Role.SUPERVISOR: frozenset({
        P.SUPPRESSIONS_VIEW, P.SUPPRESSIONS_EDIT, P.SUPPRESSIONS_OVERRULE,
        P.CUSTOMERS_VIEW, P.PHONES_REVEAL, P.TEMPLATES_VIEW, P.CAMPAIGNS_VIEW, P.CAMPAIGNS_RUN, P.APPROVALS_DECIDE,
        P.OUTBOX_RESOLVE, P.SENDING_STOP, P.SENDING_RESUME, P.LINES_VIEW, P.REPORTS_EXPORT,
        P.LOOKS_VIEW, P.SUBJECT_REQUESTS, P.RETENTION_VIEW, P.RULES_VIEW, P.RULES_APPROVE,
    }),
    Role.REPORTER: frozenset({P.CAMPAIGNS_VIEW, P.REPORTS_EXPORT}),
    Role.ADMINISTRATOR: frozenset({
        P.SUPPRESSIONS_VIEW, P.SUPPRESSIONS_EDIT, P.SUPPRESSIONS_OVERRULE,
        P.LINES_VIEW, P.LINES_EDIT, P.SENDING_STOP, P.SENDING_RESUME, P.USERS_EDIT, P.SETTINGS_EDIT, P.BACKUP_MAKE,
        P.DATABASE_MOVE, P.RETENTION_VIEW, P.RETENTION_EDIT, P.RULES_VIEW, P.RULES_EDIT,
    }),
    Role.AUDITOR: frozenset({
        P.AUDIT_VIEW, P.CAMPAIGNS_VIEW, P.TEMPLATES_VIEW, P.LOOKS_VIEW, P.RETENTION_VIEW,
        P.RULES_VIEW,
    }),
}  # fmt: skip

ROLE_TITLES: Mapping[Role, Text] = {
    Role.OFFICER: T("Officer"),
    Role.SUPERVISOR: T("Supervisor"),
    Role.REPORTER: T("Reporting"),
    Role.ADMINISTRATOR: T("Administrator"),
    Role.AUDITOR: T("Auditor"),
}
ROLE_DESCRIPTIONS: Mapping[Role, Text] = {
    Role.OFFICER: T("Imports customers, writes templates and campaigns, and watches them."),
    Role.SUPERVISOR: T("Approves or returns campaigns of others, and may stop all sending."),
    Role.REPORTER: T("Exports reports."),
    Role.ADMINISTRATOR: T("Looks after users, lines, settings and backups; does not approve campaigns."),
    Role.AUDITOR: T("Reads and verifies the audit trail."),
}


def permissions_of(roles: Iterable[Role]) -> frozenset[Permission]:
    return frozenset().union(*(GRANTS[role] for role in roles))
