"""What looking through a text takes: the word lists, a whole finished message, and a key stroke in the editor.

    python tests/bench/bench_texts.py [--words 5000]

``--words`` adds a list of so many made-up words. A finished message of a campaign goes the quick way of ``Screen``;
its limit is a bare rendering of the same message. The preview's target is 50 ms a key stroke, with 12 variants.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Callable

from console.core.messages.checks import check_rendered, check_template
from console.core.messages.classes import CLASSES
from console.core.messages.findings import Level
from console.core.messages.preview import SAMPLE, show
from console.core.messages.screen import Screen
from console.core.messages.shipped import shipped_texts
from console.core.messages.template import compose, measure, parse
from console.core.messages.variables import SAMPLES
from console.core.messages.words import WordList, Words, shipped_words

SIGNATURE = "示例银行"
LETTERS = "的一是在不了有和人这中大为上个国我以要他时来用们生到作地于出就分对成会可主发年动"
VARIANTS = 12


def each(work: Callable[[], object], times: int) -> float:
    """Milliseconds of one."""
    work()
    began = time.perf_counter()
    for _ in range(times):
        work()
    return (time.perf_counter() - began) * 1000 / times


def made_up(number: int) -> WordList:
    chance = random.Random(7)
    words = tuple("".join(chance.choices(LETTERS, k=chance.randint(3, 6))) for _ in range(number))
    return WordList(key="words.own-1", level=Level.HINT, words=words, title="own")


def main() -> None:
    wanted = argparse.ArgumentParser(description=__doc__)
    wanted.add_argument("--words", type=int, default=5_000)
    asked = wanted.parse_args()
    lists = Words([*shipped_words().lists, made_up(asked.words)])
    text = next(each for each in shipped_texts() if each.key == "remind-1")
    class_, parsed = CLASSES[text.class_key], parse(text.body)
    people = [
        SAMPLES | {"name": f"{name}女士", "amt": f"{number:,}.00"} for number, name in enumerate("李王张刘陈" * 200)
    ]
    finished = [compose(SIGNATURE, parsed.fill(values)) for values in people]
    screen = Screen(parsed, class_, SIGNATURE, lists)
    turn = iter(range(10**9))

    def render() -> str:
        return compose(SIGNATURE, parsed.fill(people[next(turn) % 1_000]))

    def look() -> object:
        place = next(turn) % 1_000
        return screen.look(finished[place], people[place], 2)

    bodies = [text.body] * VARIANTS

    def stroke() -> None:
        show(text.body, class_, SIGNATURE, SAMPLE, lists)
        for body in bodies:
            check_template(body, class_, SIGNATURE, lists)

    print(f"{sum(len(found.words) for found in lists.lists):,} words, a message of {len(finished[0])} characters")
    rendering = each(render, 20_000)
    print(f"rendering            {rendering * 1000:8.2f} us")
    quick = each(look, 20_000)
    print(f"the quick way        {quick * 1000:8.2f} us  {quick / rendering:5.2f} x")
    searching = each(lambda: lists.hits(finished[0], class_.key), 20_000)
    print(f"word lists           {searching * 1000:8.2f} us")
    folded = each(lambda: lists.hits(finished[0] + "坐 牢", class_.key), 5_000)
    print(f"word lists, a hit    {folded * 1000:8.2f} us")
    print(f"a message as a whole {each(lambda: check_rendered(finished[0], class_, lists), 5_000) * 1000:8.2f} us")
    print(f"counting parts       {each(lambda: measure(finished[0]), 20_000) * 1000:8.2f} us")
    print(f"a key stroke         {each(stroke, 300):8.2f} ms with {VARIANTS} variants   (target <= 50)")


if __name__ == "__main__":
    main()
