"""A file as the core banking system sends it, for the tests of imports."""

from __future__ import annotations

from collections.abc import Callable

from console.core.customers.workbook import Sheet

SheetOf = Callable[..., Sheet]
Counts = Callable[[], dict[str, int]]
HEADER: list[object] = [
    "客户号", "客户姓名", "手机号码", "网点", "营销同意", "标签", "贷款合同号", "贷款品种", "贷款金额", "年利率",
    "还款日期", "本期应还金额", "贷款状态",
]  # fmt: skip
ZHANG: list[object] = [
    "C1", "张三", "13800138000", "城东支行", "是", "老客户、VIP", "L1", "房贷", "50万", "3.05%", "2026-12-01",
    "3,256.80", "正常",
]  # fmt: skip
