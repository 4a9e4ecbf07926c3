"""Which of a template's texts is written, and where it goes."""

from __future__ import annotations

from console.core.messages.variants import Variant
from console.screens.templates.texts import Texts

WHEN: dict[str, object] = {}


def variant(name: str, body: str = "") -> Variant:
    return Variant(name=name, when=WHEN, body=body or f"for {name}")


THREE = Texts("main", (variant("a"), variant("b"), variant("c")), 2)


def names(texts: Texts) -> list[str]:
    return [each.name for each in texts.variants]


def test_what_is_written_goes_where_it_was_shown() -> None:
    assert THREE.body == "for b"
    assert THREE.written("new").bodies == ("main", "for a", "new", "for c")
    assert Texts("main", THREE.variants).written("new").bodies == ("new", "for a", "for b", "for c")
    assert THREE.put(variant("d")).bodies == ("main", "for a", "for d", "for c")


def test_variants_come_go_and_move_with_what_is_written() -> None:
    added = THREE.added(variant("d"))
    assert (names(added), added.variant.name) == (["a", "b", "c", "d"], "d")
    assert (names(THREE.removed()), THREE.removed().body) == (["a", "c"], "main")
    for step, order in ((-1, ["b", "a", "c"]), (1, ["a", "c", "b"])):
        moved = THREE.moved(step)
        assert (names(moved), moved.variant.name) == (order, "b")


def test_the_text_that_was_written_is_found_again_where_it_is_still_there() -> None:
    saved = Texts("main", (variant("a"), variant("b", "newer"), variant("c")))
    assert saved.where(THREE).body == "newer"
    assert saved.where(Texts("main")).at == 0
    assert Texts("main", (variant("b"),)).where(THREE).at == 0  # there are fewer now
    assert Texts("main", (variant("b"), variant("a"))).where(THREE).at == 0  # another one stands there
