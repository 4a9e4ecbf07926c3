"""Errors that a person can act on. Everything else that is raised is a bug."""

from __future__ import annotations

from console.core.i18n import T, Text


class UserError(Exception):
    """What happened and what to do next, both in the user's language when shown."""

    def __init__(self, message: Text, hint: Text | None = None) -> None:
        super().__init__(str(message))
        self.message = message
        self.hint = hint or Text("")


class NotPermitted(UserError):
    def __init__(self) -> None:
        super().__init__(T("You are not permitted to do this."), T("Ask your administrator for the right role."))


class EnvironmentTrouble(UserError):
    """Disk full, database locked or gone, port busy: told as a notice, and worth trying again."""
