"""Going on after the window was locked."""

from __future__ import annotations

from dataclasses import replace

from console.core.context import Context
from console.core.security.login import prove, refreshed_actor
from console.core.settings import Settings


def unlock(context: Context, password: str) -> Context:
    """The context to go on with: rights and settings may have changed meanwhile. Raises LoginRefused, LoginLocked."""
    prove(context, password)
    actor = refreshed_actor(context)
    with context.database.begin() as session:
        settings = Settings.load(session, actor.user_id)
        context.audit(session, "login.unlock", f"user:{actor.user_id}")
    return replace(context, actor=actor, settings=settings)
