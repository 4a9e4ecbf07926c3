from __future__ import annotations

import pytest

from console.core.customers.columns import FIELDS, Group
from console.core.customers.mapping import header_digest, plain_header, propose
from console.core.customers.synonyms import SYNONYMS


@pytest.mark.parametrize(
    ("headers", "fields"),
    [
        (
            "客户号 客户姓名 手机号码 网点 贷款合同号 还款日期 本期应还金额",
            "number name phone branch loan_number due_on amount_due",
        ),
        (
            "客戶編號 姓名 手機號碼(必填) 性別 貸款編號 應還金額(元) 到期日",
            "number name phone title loan_number amount_due due_on",
        ),
        ("Customer_No. Full-Name Mobile* Branch Due_Date", "number name phone branch due_on"),
        ("姓名 配偶姓名 手机 配偶手机 担保人电话", "name - phone - -"),
        ("姓名 联系电话 手机号 客户经理 客户经理电话", "name - phone manager -"),
        ("联系电话 姓名", "phone name"),
        ("手机1 手机2 姓名", "phone phone_2 name"),
        (
            "借据号 期次 应还日期 应还本金 应还利息 罚息 实还金额 实还日期",
            "loan_number sequence inst_due_on inst_principal inst_interest inst_penalty inst_paid inst_paid_at",
        ),
        (
            "客户号 姓名 手机 身份证号 贷款合同号 到期日 罚息 还款卡号",
            "number name phone id_number loan_number due_on penalty account",
        ),
        ("序号 备注 姓名 【必填】手机", "- - name phone"),
        ("还款日 还款日期", "due_day due_on"),
        ("某银行贷款合同号 借款人", "loan_number name"),
    ],
)
def test_by_name(headers: str, fields: str) -> None:
    wanted = tuple("" if field == "-" else field for field in fields.split())
    assert propose(headers.split()) == wanted


def test_by_content_where_names_say_nothing() -> None:
    rows = [["1", "张三", "13800138000", "x"], ["2", "欧阳娜", "13900139000", "y"]]
    assert propose(["A", "B", "C", "D"], rows) == ("", "name", "phone", "")
    assert propose(["A", "联系人", "联系人电话", "D"], rows) == ("", "", "", "")  # about somebody else


def test_a_name_that_fits_two_fields_goes_to_the_one_that_reads_the_cells() -> None:
    headers = ["姓名", "手机", "还款日"]
    assert propose(headers, [["张三", "13800138000", 20], ["李四", "13900139000", 5]])[2] == "due_day"
    assert propose(headers, [["张三", "13800138000", "2026-11-26"], ["李四", "13900139000", ""]])[2] == "due_on"
    assert propose(headers, [["张三", "13800138000", "乱写"]])[2] == "due_day"  # neither: the check will say so


def test_digest_ignores_dress_but_not_order() -> None:
    assert header_digest(["手机号码(必填)", "姓 名"]) == header_digest(["手機號碼", "姓名 *"])
    assert header_digest(["a", "b"]) != header_digest(["b", "a"])


def test_synonyms_are_written_as_headers_are_read_and_mean_one_field() -> None:
    assert set(SYNONYMS) == set(FIELDS)
    of_a_plan = {key for key, field in FIELDS.items() if field.group is Group.INSTALMENT}
    words = [word for key, names in SYNONYMS.items() for word in names if key not in of_a_plan]
    assert [word for word in set(words) if words.count(word) > 1] == ["还款日"]  # told apart by what stands below
    words = [word for key in of_a_plan for word in SYNONYMS[key]]
    assert len(words) == len(set(words))
    for word in words:
        assert plain_header(word) == word
