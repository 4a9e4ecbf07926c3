from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.core.messages.checks import Level, blocked, check_rendered, check_template
from console.core.messages.classes import CLASSES
from console.core.messages.findings import LEVELS
from console.core.messages.numbers import find_numbers, is_card, is_identity
from console.core.messages.words import shipped_words

REMIND = CLASSES["remind"]
OVERDUE = CLASSES["overdue_8_30"]
MARKET = CLASSES["market"]
GOOD = "${name}您好,您的${prod}应还${amt}元,咨询${tel}。"
GOOD_AD = "${name}您好,年化利率${apr}起,咨询${tel}。拒收请回复R"


def rules(body: str, class_key: str = "remind", signature: str = "示例银行") -> list[str]:
    return [finding.rule for finding in check_template(body, CLASSES[class_key], signature)]


def test_a_good_text_has_no_findings() -> None:
    assert rules(GOOD) == []
    assert rules(GOOD_AD, "market") == []
    assert check_rendered("【示例银行】李女士您好,您的房贷应还3,256.80元,咨询021-55550100。", REMIND) == []


@pytest.mark.parametrize(
    "wording",
    [
        "不还就坐牢",
        "不还就坐 牢",
        "不还就坐。牢",
        "不还就坐\u200b牢",
        "不还就【坐】牢",
        "將爆通訊錄",
        "將爆通 訊 錄",
        "后果自负",
        "後果自負",
        "我们会告知您单位",
        "公安机关通知您",
    ],
)
def test_threats_are_found_however_they_are_written(wording: str) -> None:
    findings = [
        f for f in check_rendered(f"【示例银行】您的贷款逾期,{wording}。", OVERDUE) if f.rule.startswith("word.")
    ]
    assert blocked(findings)
    start, end = findings[0].where or (0, 0)
    assert len("【示例银行】您的贷款逾期,") <= start < end <= len(f"【示例银行】您的贷款逾期,{wording}。")


def test_each_listed_word_is_found_in_each_class_it_is_for() -> None:
    words = shipped_words()
    for found in words.lists:
        for class_key in filter(found.concerns, CLASSES):
            for word in found.words:
                hits = words.hits(f"一{word}一", class_key)
                assert any(LEVELS.index(hit.list.level) <= LEVELS.index(found.level) for hit in hits), word


def test_a_fraud_warning_may_speak_of_police() -> None:
    body = "有人假称公安机关通知您,请勿转账,核实请拨${tel}。"
    assert "word.posing" not in rules(body, "fraud")
    assert "word.posing" in rules(body, "service")


def test_a_harmless_longer_word_is_left_alone() -> None:
    assert "word.superlative" not in rules(GOOD_AD.replace("咨询", "第一期费用见合同,咨询"), "market")
    assert "word.superlative" in rules(GOOD_AD.replace("咨询", "利率全国第一,咨询"), "market")


def test_a_variable_never_takes_part_in_a_word() -> None:
    assert rules("${name}您好,请抓${docs}人,${prod}应还${amt}元,咨询${tel}。") == []


def test_words_are_placed_in_the_body() -> None:
    body = "${name}您好,不还就坐 牢。${prod}${amt}${tel}"
    finding = next(f for f in check_template(body, OVERDUE, "示例银行") if f.rule == "word.threat")
    assert finding.where is not None
    assert body[slice(*finding.where)] == "坐 牢"
    assert str(finding.why)
    assert str(finding.mend)


def test_marketing_must_say_how_to_refuse_it() -> None:
    assert rules(GOOD_AD.removesuffix("拒收请回复R"), "market") == ["text.opt_out"]
    assert rules(GOOD_AD + "\n", "market") == []
    assert "text.opt_out" in rules(GOOD_AD + "谢谢", "market")
    rendered = "【示例银行】李女士您好,年化利率3.6%起,咨询021-55550100。"
    assert [f.rule for f in check_rendered(rendered, MARKET)] == ["text.opt_out"]
    assert check_rendered(rendered + "拒收请回复R", MARKET) == []


def test_loan_marketing_without_a_rate_is_a_warning() -> None:
    findings = check_template("${name}您好,借款可咨询${tel}。拒收请回复R", MARKET, "示例银行")
    assert [(f.rule, f.level) for f in findings] == [("text.rate", Level.WARN)]


def test_required_variables() -> None:
    assert rules("您好,咨询${tel}。") == ["required.name", "required.prod", "required.amt"]
    assert rules(GOOD.replace("${tel}", "")) == ["required.tel"]
    assert rules(GOOD.replace("${tel}", "021-55550100")) == []
    assert rules(GOOD.replace("${tel}", "95588")) == []
    policy = "${name}您好,您的${prod}利率${new},咨询${tel}。"
    assert rules(policy, "policy") == ["required.eff"]
    assert rules(policy + "自${date}起", "policy") == []


def test_sender_brackets_and_emptiness() -> None:
    assert rules(GOOD, signature="") == ["signature"]
    assert rules(GOOD, signature="一" * 19) == ["signature"]
    assert rules("【别家银行】" + GOOD) == ["body.brackets", "body.brackets"]
    assert rules("  ") == ["body.empty"]


def test_length_is_taken_with_the_signature() -> None:
    assert "text.length" not in rules(GOOD + "一" * 120)
    assert "text.length" in rules(GOOD + "一" * 200)
    assert not blocked(check_template(GOOD + "一" * 200, REMIND, "示例银行"))
    assert blocked(check_template(GOOD + "一" * 600, REMIND, "示例银行"))


def test_a_second_signature_in_a_finished_message_is_blocked() -> None:
    for text in ("您好", "【甲】您好【乙】", "您好【甲】", "【甲您好"):
        assert "text.signature" in [f.rule for f in check_rendered(text, REMIND)]


def test_an_unfilled_place_is_shown() -> None:
    findings = check_rendered("【示例银行】${name}您好", REMIND)
    assert [(f.rule, f.level) for f in findings] == [("text.unfilled", Level.WARN)]


@pytest.mark.parametrize("link", ["https://a.b", "www.bank.example", "t.cn/abc", "点 abank.com 看"])
def test_links_are_shown(link: str) -> None:
    assert "text.link" in [f.rule for f in check_rendered(f"【示例银行】{link}", REMIND)]


def test_amounts_and_times_are_no_links() -> None:
    assert check_rendered("【示例银行】3,256.80元,14:00-15:00,3.05%。", REMIND) == []


def test_full_numbers_are_found_by_checksum() -> None:
    identity = "11010519491231002X"
    card = "6222021234567894"
    assert is_identity(identity)
    assert not is_identity("110105194912310021")
    assert not is_identity("11010519491331002X")
    text = f"【示例银行】证件{identity[:6]} {identity[6:14]} {identity[14:]},咨询021-55550100"
    found = find_numbers(text)
    assert [text[f.start : f.end] for f in found] == ["110105 19491231 002X"]
    number = next(n for n in (card[:-1] + d for d in "0123456789") if is_card(n))
    wide = "".join(chr(ord(c) + 0xFEE0) for c in number)
    assert [f.rule for f in check_rendered(f"【示例银行】卡号{wide}", REMIND)] == ["number.card"]
    assert [f.rule for f in check_rendered(f"【示例银行】卡号{number}x", REMIND)] == ["number.card"]
    wrong = number[:-1] + str((int(number[-1]) + 1) % 10)
    assert check_rendered(f"【示例银行】单号{wrong}", REMIND) == []


@given(st.text(max_size=60))
def test_checks_never_raise(text: str) -> None:
    for class_ in (REMIND, MARKET, OVERDUE):
        for finding in (*check_template(text, class_, "示例银行"), *check_rendered(text, class_)):
            if finding.where:
                assert 0 <= finding.where[0] < finding.where[1] <= len(text) + 2
            assert str(finding.why)
            assert str(finding.mend)


@given(
    st.sampled_from(["坐牢", "曝光", "老赖", "后果自负", "告知单位"]),
    st.lists(st.sampled_from(["", " ", ".", "\u200b", "*", "、", "\u3000", "_"]), min_size=4, max_size=4),
)
def test_separators_never_hide_a_word(word: str, between: list[str]) -> None:
    spaced = "".join(char + gap for char, gap in zip(word, between, strict=False))
    assert blocked(check_rendered(f"【示例银行】{spaced}", OVERDUE))


@pytest.mark.parametrize("word", ["今天", "明日", "後天", "今晚", "Tomorrow", "today"])
def test_a_day_that_is_told_from_today_is_warned_of(word: str) -> None:
    body = f"${{name}}您好,{word} 请存入${{amt}}元。您的${{prod}}咨询${{tel}}。"
    (found,) = [each for each in check_template(body, REMIND, "示例银行") if each.rule == "text.day"]
    assert found.level is Level.WARN
    assert found.where is not None
    assert body[slice(*found.where)] == word
    assert word in str(found.why)


def test_a_date_is_no_such_word() -> None:
    body = "${name}您好,您的${prod}将于${due}扣款,请于11月30日前存入${amt}元,明细请见今后账单。咨询${tel}。"
    assert "text.day" not in [each.rule for each in check_template(body, REMIND, "示例银行")]
