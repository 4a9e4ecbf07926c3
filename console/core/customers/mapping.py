"""Which column of a sheet is which field: by name, by another name for it, and at last by what stands in it."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Mapping as Map
from collections.abc import Sequence
from types import MappingProxyType

from console.core.customers import normalise
from console.core.customers.columns import FIELDS, Field, Group
from console.core.customers.identity import Identity, identity
from console.core.customers.synonyms import SYNONYMS

Mapping = tuple[str, ...]  # a field's key per column of the sheet, "" for a column that is left out
Fields = Map[str, Field]

_SIMPLIFIED = str.maketrans(
    "戶機號碼貸編產類額還應餘稱別區級評約狀態證經辦網點標籤簽賬帳開門間數罰終電話聯絡營銷層構總計動貨稱單發銀齡歲資訊訂繳費會員縣鎮鄉圖",
    "户机号码贷编产类额还应余称别区级评约状态证经办网点标签签账账开门间数罚终电话联络营销层构总计动货称单发银龄岁资讯订缴费会员县镇乡图",
)
_BRACKETS = re.compile(r"\([^)]*\)|\[[^]]*\]|【[^】]*】|<[^>]*>")
_MARKS = re.compile(r"[\s*#:;,._\-/\\|'\"?!。、·]+")
# columns about somebody else than the borrower: never a customer's name or phone
_OTHERS = re.compile(
    "担保|保证人|配偶|联系人|紧急|共同|共借|法人|法定|推荐|介绍|经理|经办|管户|父|母|亲属|单位|家庭|住宅|办公|固定|座机"
    "|guarantor|spouse|contact|emergency|manager"
)
_SAMPLE = 50
_NUMBERED, _ENDING = 100, 200  # added to the rank of a name that fits only so
_NAMED: dict[str, list[tuple[int, str]]] = {}  # header -> (rank, field); nearly every name means one field
for _key, _words in SYNONYMS.items():
    for _rank, _word in enumerate(_words):
        _NAMED.setdefault(_word, []).append((_rank, _key))


def plain_header(header: str) -> str:
    """A header as the synonyms are written: NFKC, simplified, without brackets, spaces and marks."""
    value = unicodedata.normalize("NFKC", header).casefold().translate(_SIMPLIFIED)
    return _MARKS.sub("", _BRACKETS.sub("", value)) or _MARKS.sub("", value)


def header_digest(headers: Sequence[str]) -> str:
    """SHA-256 over the headers in order: under it the user's mapping is kept."""
    return hashlib.sha256("\n".join(plain_header(header) for header in headers).encode()).hexdigest()


def propose(
    headers: Sequence[str], samples: Sequence[Sequence[object]] = (), extra: Fields = MappingProxyType({})
) -> Mapping:
    """The likeliest mapping; every field stands at most once in it. ``samples`` are rows of data.

    A name that fits two fields goes to the one that can read what stands below: 还款日 is a day of the month or a date.
    Where rows are numbered instalments, a name that fits both is the instalment's. ``extra``: the administrator's
    fields, known by their titles.
    """
    plain = [plain_header(header) for header in headers]
    found: dict[int, str] = {}
    titles = {plain_header(str(field.title)): key for key, field in extra.items()}
    for column, header in enumerate(plain):
        if header in titles:
            found[column] = titles.pop(header)
    named = ((*known, column) for column, header in enumerate(plain) for known in _by_name(header))
    ended = ((*likely, column) for column, header in enumerate(plain) for likely in _by_ending(header))
    candidates = sorted([*named, *ended])
    numbered = any(key == "sequence" and rank < _NUMBERED for rank, key, _ in candidates)
    candidates = [each for each in candidates if numbered or FIELDS[each[1]].group is not Group.INSTALMENT]
    if numbered:
        candidates.sort(key=lambda each: (each[0] >= _NUMBERED, FIELDS[each[1]].group is not Group.INSTALMENT))
    candidates.sort(key=lambda each: _refuses(each[1], each[2], samples[:_SAMPLE]))
    for _, key, column in candidates:
        if column not in found and key not in found.values():
            found[column] = key
    if numbered and not {"name", "phone", "number"} & set(found.values()):
        return tuple(found.get(column, "") for column in range(len(headers)))
    for key in ("phone", "id_number", "name"):
        if key not in found.values():
            likely = _by_content(key, plain, samples[:_SAMPLE], found)
            if likely is not None:
                found[likely] = key
    return tuple(found.get(column, "") for column in range(len(headers)))


def _refuses(key: str, column: int, samples: Sequence[Sequence[object]]) -> bool:
    """Whether no filled cell of the column can be this field."""
    cells = [row[column] for row in samples if column < len(row) and row[column] != ""]
    return bool(cells) and all(isinstance(FIELDS[key].clean(cell), normalise.Refused) for cell in cells)


def known_headers(cells: Sequence[str]) -> int:
    """How many of these texts are names of fields: what tells a header row from others."""
    return len({key for cell in cells for _, key in _by_name(plain_header(cell))})


def is_known(header: str) -> bool:
    return known_headers([header]) > 0


def _by_name(plain: str) -> list[tuple[int, str]]:
    """(score, key) of the field that is called so; the smaller the likelier."""
    if plain in _NAMED:
        return _NAMED[plain]
    return [(_NUMBERED + score, key) for score, key in _NAMED.get(plain.rstrip("0123456789"), ())]


def _by_ending(plain: str) -> list[tuple[int, str]]:
    """Fields whose name the header ends with, in Chinese: 我行贷款合同号."""
    if _OTHERS.search(plain):
        return []
    return [
        (_ENDING + score, key)
        for word, fields in _NAMED.items()
        for score, key in fields
        if len(word) > 1 and plain != word and not word.isascii() and plain.endswith(word)
    ]


def _by_content(
    key: str, headers: Sequence[str], samples: Sequence[Sequence[object]], taken: dict[int, str]
) -> int | None:
    """The first free column of which nearly all filled cells can only be this field."""
    for column, header in enumerate(headers):
        if column in taken or _OTHERS.search(header):
            continue
        cells = [row[column] for row in samples if column < len(row) and row[column] != ""]
        if len(cells) >= 1 and sum(_looks_like(key, cell) for cell in cells) >= 0.8 * len(cells):
            return column
    return None


def _looks_like(key: str, cell: object) -> bool:
    if key == "phone":
        return isinstance(normalise.phone(cell), str)
    if key == "id_number":
        return isinstance(identity(cell), Identity)
    value = normalise.name(cell)
    return isinstance(value, str) and 2 <= len(value) <= 4 and _PERSON.fullmatch(value) is not None


_PERSON = re.compile(
    "(?:[王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林郑谢罗梁宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈姚卢姜"
    "崔钟谭陆汪范金石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤"
    "張劉陳楊黃趙吳孫馬鄭謝羅許韓馮鄧葉蘇呂盧鐘鍾譚陸範賈鄒蔣]|欧阳|司马|上官|诸葛|皇甫)[\u4e00-\u9fff]{1,2}"
)
