"""Changing a tree of conditions at a place: ``path`` is the way down from the root, one position a level."""

from __future__ import annotations

from dataclasses import replace

from console.core.segments.conditions import Condition, Group, Node, Related

Path = tuple[int, ...]
Parent = Group | Related


def node_at(root: Group, path: Path) -> Node:
    """Raises IndexError."""
    node: Node = root
    for place in path:
        if isinstance(node, Condition):
            raise IndexError(path)
        node = node.parts[place]
    return node


def replaced(root: Group, path: Path, node: Node) -> Group:
    """With ``node`` where ``path`` leads; the root itself only by another group."""
    if not path:
        if not isinstance(node, Group):
            raise TypeError("the root is a group")
        return node
    parent = _parent(root, path)
    parts = (*parent.parts[: path[-1]], node, *parent.parts[path[-1] + 1 :])
    return replaced(root, path[:-1], replace(parent, parts=parts))


def inserted(root: Group, path: Path, node: Node) -> Group:
    """``node`` before what stands at ``path``; at the end where nothing does."""
    parent = _parent(root, path)
    parts = (*parent.parts[: path[-1]], node, *parent.parts[path[-1] :])
    return replaced(root, path[:-1], replace(parent, parts=parts))


def appended(root: Group, path: Path, node: Node) -> tuple[Group, Path]:
    """``node`` as the last part of the group at ``path``; and where it stands now."""
    parent = node_at(root, path)
    if isinstance(parent, Condition):
        raise IndexError(path)
    place = (*path, len(parent.parts))
    return inserted(root, place, node), place


def removed(root: Group, path: Path) -> Group:
    """Without what stands at ``path``, and without groups that are empty then."""
    parent = _parent(root, path)
    parts = (*parent.parts[: path[-1]], *parent.parts[path[-1] + 1 :])
    above = path[:-1]
    if not parts and above and isinstance(parent, Group):
        return removed(root, above)
    return replaced(root, above, replace(parent, parts=parts))


def duplicated(root: Group, path: Path) -> tuple[Group, Path]:
    """With a second one right behind; and where it stands."""
    after = (*path[:-1], path[-1] + 1)
    return inserted(root, after, node_at(root, path)), after


def moved(root: Group, path: Path, step: int) -> tuple[Group, Path]:
    """One place up (-1) or down (1) among its neighbours; where it stands then. At the end it stays."""
    parent = _parent(root, path)
    target = path[-1] + step
    if not 0 <= target < len(parent.parts):
        return root, path
    parts = list(parent.parts)
    parts[path[-1]], parts[target] = parts[target], parts[path[-1]]
    return replaced(root, path[:-1], replace(parent, parts=tuple(parts))), (*path[:-1], target)


def _parent(root: Group, path: Path) -> Parent:
    parent = node_at(root, path[:-1])
    if isinstance(parent, Condition):
        raise IndexError(path)
    return parent
