"""Alembic's revisions, run from wherever this package lies: the tree, a wheel, a built program. No ini file.

``python -m db.migrations "what changes"`` writes the next revision from the difference to the models.
"""
