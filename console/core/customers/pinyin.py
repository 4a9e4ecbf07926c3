"""How a name sounds, so that it is found by typing: a dictionary of single characters, read when first needed."""

from __future__ import annotations

import functools
import re
import unicodedata

# Surnames read otherwise than the character alone; compound ones first.
_COMPOUND = {
    "万俟": "mo qi", "尉迟": "yu chi", "尉遲": "yu chi", "单于": "chan yu", "單于": "chan yu", "长孙": "zhang sun",
    "長孫": "zhang sun", "澹台": "tan tai", "澹臺": "tan tai", "令狐": "ling hu", "宿勤": "su qin",
}  # fmt: skip
_SURNAMES = {
    char: syllable
    for syllable, chars in {
        "shan": "单單", "zeng": "曾", "qiu": "仇", "xie": "解", "zha": "查", "ou": "区區", "ge": "盖蓋葛", "piao": "朴",
        "ren": "任", "hua": "华華", "qin": "覃", "zhai": "翟", "miao": "缪繆", "chong": "种", "yue": "乐樂", "bi": "秘",
        "po": "繁", "pang": "逄", "yun": "员員", "he": "黑", "ning": "宁", "yan": "燕", "shao": "召", "she": "折",
        "wei": "隗", "xian": "洗冼", "chen": "谌諶", "shen": "莘", "guo": "过過", "che": "车車",
    }.items()
    for char in chars
}  # fmt: skip
_LETTERS = re.compile(r"[a-z0-9]+")


@functools.cache
def _dictionary() -> dict[int, str]:
    from pypinyin.pinyin_dict import pinyin_dict  # noqa: PLC0415 - 40,000 entries that no start of the window needs

    return pinyin_dict


class _Syllables(dict[str, str]):
    """What a character adds to the sound: 张 -> zhang without its tone, Latin letters and digits themselves, else "".

    Each is looked up once: names are many and their characters few.
    """

    def __missing__(self, char: str) -> str:
        first = _dictionary().get(ord(char), "").partition(",")[0] or char.casefold()
        bare = unicodedata.normalize("NFD", first).replace("u\u0308", "v")  # 吕 is typed lv
        self[char] = found = "".join(_LETTERS.findall(bare))
        return found


_syllables = _Syllables()


def spelled(name: str) -> tuple[str, str]:
    """``("zhangsan", "zs")`` for 张三; Latin names as they are, in small letters without spaces. At most 200 and 50."""
    if name.isascii():
        words = _LETTERS.findall(name.casefold())
        return "".join(words)[:200], "".join([word[0] for word in words])[:50]
    parts = list(map(_syllables.__getitem__, name))
    if name[0] in _SURNAMES and len(name) <= 4:
        parts[0] = _SURNAMES[name[0]]
    if name[:2] in _COMPOUND:
        parts[:2] = _COMPOUND[name[:2]].split()
    return "".join(parts)[:200], "".join([part[:1] for part in parts])[:50]
