"""Environment troubles in words: what a person can do something about is told apart from a bug."""

from __future__ import annotations

from console.core.errors import UserError


def as_user_error(error: BaseException) -> UserError | None:
    """What to tell a person about ``error``; None when it is a bug."""
    if isinstance(error, UserError):
        return error
    return None
