"""The main text of a template and its variants, and which of them is being written."""

from __future__ import annotations

from dataclasses import dataclass, replace

from console.core.messages.variants import Variant


@dataclass(frozen=True)
class Texts:
    main: str = ""
    variants: tuple[Variant, ...] = ()
    at: int = 0  # the text that is being written: 0 the main one, else the number of a variant

    @property
    def bodies(self) -> tuple[str, ...]:
        return self.main, *(each.body for each in self.variants)

    @property
    def body(self) -> str:
        """Of the text that is being written."""
        return self.bodies[self.at]

    @property
    def variant(self) -> Variant:
        """That is being written; not for the main text."""
        return self.variants[self.at - 1]

    def written(self, body: str) -> Texts:
        if not self.at:
            return replace(self, main=body)
        return self.put(replace(self.variant, body=body))

    def put(self, variant: Variant) -> Texts:
        """In the place of the variant that is being written."""
        return replace(self, variants=(*self.variants[: self.at - 1], variant, *self.variants[self.at :]))

    def added(self, variant: Variant) -> Texts:
        return Texts(self.main, (*self.variants, variant), len(self.variants) + 1)

    def removed(self) -> Texts:
        return Texts(self.main, (*self.variants[: self.at - 1], *self.variants[self.at :]))

    def moved(self, step: int) -> Texts:
        others = list(self.removed().variants)
        others.insert(self.at - 1 + step, self.variant)
        return Texts(self.main, tuple(others), self.at + step)

    def where(self, before: Texts) -> Texts:
        """At the variant that was being written ``before``, if it is still there; else at the main text."""
        stays = 0 < before.at <= len(self.variants) and self.variants[before.at - 1].name == before.variant.name
        return replace(self, at=before.at if stays else 0)
