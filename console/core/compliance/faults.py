"""What is wrong with a rule pack."""

from __future__ import annotations

from console.core.errors import UserError
from console.core.i18n import T, Text


class BadPack(UserError):
    """A rule pack that says what it may not, or that cannot be read."""

    def __init__(self, rule: str, why: Text) -> None:
        super().__init__(T("Rule {rule}: {why}", rule=rule, why=str(why)), T("Change it back, or to a stricter value."))
        self.rule = rule
        self.why = why
