"""What other people call the fields in the headers of their files; the likelier first.

Simplified, in small letters, without spaces and marks: as ``mapping.plain_header`` writes a header.
"""

from __future__ import annotations

from collections.abc import Mapping

_NAMES = {
    "number": """
        客户号 客户编号 客户代码 核心客户号 ecif号 ecif客户号 客户id 客户码 客户序号 customerno customernumber
        customerid custno custid cif cifno 客户内码 客户代号 核心客户编号 信贷客户号 主客户号 clientno clientid
        partyid custcode""",
    "name": """
        客户姓名 姓名 客户名称 借款人姓名 借款人 借款人名称 户名 名称 客户名 贷款人姓名 持卡人姓名 customername
        name fullname borrower borrowername 主借人 客户""",
    "phone": """
        手机号码 手机号 手机 移动电话 客户手机号 客户手机 手机号码1 联系手机 短信号码 接收号码 本人手机
        借款人手机 借款人电话 mobile mobileno mobilenumber mobilephone cellphone phone phonenumber phoneno
        联系电话 联系方式 电话号码 电话 客户电话 tel telephone cell msisdn""",
    "phone_2": """
        备用手机 备用手机号 手机号码2 手机2 手机号2 第二手机 第二手机号 其他手机 备用电话 备用号码 联系电话2 电话2
        mobile2 phone2 secondphone alternatephone""",
    "phone_3": """
        手机号码3 手机3 手机号3 第三手机 第三手机号 联系电话3 电话3 mobile3 phone3 thirdphone""",
    "title": """
        性别 称谓 称呼 客户性别 gender sex title salutation""",
    "id_number": """
        身份证号 身份证号码 身份证 证件号码 证件号 居民身份证 客户证件号 idnumber idno idcard identitynumber""",
    "birthday": """
        生日 出生日期 出生年月日 出生年月 birthday dateofbirth dob birthdate""",
    "region": """
        地区 区域 所属地区 所在地区 所属区域 片区 城市 区县 region area district city""",
    "branch": """
        网点 支行 所属网点 所属支行 经办机构 开户机构 机构名称 所属机构 经办行 开户行 管户机构 放款机构 机构
        分行 行名 branch branchname office""",
    "manager": """
        客户经理 管户经理 客户经理姓名 管户经理姓名 管户人 主办客户经理 经办人 信贷员 manager customermanager
        relationshipmanager rm accountmanager""",
    "rating": """
        评级 信用等级 信用评级 客户评级 风险评级 客户等级 风险等级 等级 rating creditrating grade""",
    "segment": """
        客群 客户类型 客户分类 客户分层 分层 客户类别 客户群 细分客群 segment customertype customersegment""",
    "tags": """
        标签 客户标签 tag tags label labels""",
    "channel": """
        首选渠道 偏好渠道 联系渠道 首选联系方式 偏好联系方式 渠道偏好 通知方式 接收渠道 preferredchannel channel""",
    "hours": """
        首选时段 偏好时段 联系时段 方便联系时间 可联系时段 可联系时间 方便时间 联系时间 preferredhours hours""",
    "consent": """
        营销同意 营销授权 是否同意营销 同意营销 短信营销授权 是否同意接收营销短信 营销短信授权 是否接收营销短信
        营销许可 marketingconsent consent optin""",
    "loan_number": """
        贷款合同号 贷款编号 贷款号 合同号 合同编号 借据号 借据编号 贷款账号 贷款合同编号 借款合同号 借款合同编号
        贷款借据号 放款编号 贷款借据编号 借据流水号 授信合同号 贷款协议号
        duebillno loanno loannumber loanid contractno contractnumber accountno""",
    "product": """
        贷款品种 产品 贷款产品 产品名称 贷款种类 贷款类型 业务品种 品种 产品类型 贷款类别 product productname
        loantype producttype prodname 贷款产品名称 业务名称""",
    "kind": """
        贷款用途类型 贷款大类 业务类型 业务种类 业务大类 贷款性质 loankind businesstype""",
    "principal": """
        贷款金额 借款金额 合同金额 发放金额 放款金额 贷款本金 借据金额 授信金额 loanamount principal amount""",
    "rate": """
        年利率 利率 执行利率 贷款利率 合同利率 执行年利率 rate interestrate annualrate apr""",
    "method": """
        还款方式 还款方法 偿还方式 repaymentmethod method""",
    "start_on": """
        放款日期 发放日期 起息日 贷款起始日 放款日 起始日期 开始日期 贷款发放日 借款日期 startdate
        disbursementdate""",
    "term_months": """
        期限 贷款期限 期数 总期数 借款期限 贷款期数 term termmonths months""",
    "due_day": """
        还款日 每月还款日 扣款日 固定还款日 约定还款日 dueday repaymentday""",
    "state": """
        贷款状态 状态 借据状态 合同状态 还款状态 账户状态 loanstatus status loanstate state""",
    "account": """
        还款账号 还款卡号 还款账户 扣款账号 扣款账户 扣款卡号 卡号 还款卡尾号 账号尾号 卡尾号 还款账号尾号
        扣款账号尾号 account accounttail repaymentaccount card cardno""",
    "amount_due": """
        本期应还金额 应还金额 本期应还 应还款额 应还总额 本期应还款额 月供 应还本息 本期金额 逾期金额 欠款金额
        拖欠金额 本期还款额 amountdue dueamount instalment installment paymentdue""",
    "due_on": """
        还款日期 到期日 本期还款日 应还日期 应还款日 本期到期日 下次还款日 还款到期日 本期还款日期 应还日 还款日
        到期日期 扣款日期 duedate dueon nextduedate""",
    "penalty": """
        罚息 逾期罚息 违约金 罚息金额 滞纳金 penalty penaltyinterest latefee""",
    "overdue_days": """
        逾期天数 拖欠天数 欠款天数 overduedays daysoverdue dpd dayspastdue""",
    "sequence": """
        期次 期号 当前期数 还款期次 还款期数 第几期 本期期数 期序 还款计划期次 instalmentno installmentno
        instalmentnumber installmentnumber periodno sequence""",
    "inst_due_on": """
        应还日期 计划还款日 计划还款日期 应还款日期 应还日 本期到期日 本期还款日 期次到期日 应收日期 还款日期 到期日
        到期日期 还款日 duedate scheduledate""",
    "inst_principal": """
        应还本金 应收本金 本期本金 计划本金 本期应还本金 本金 principaldue scheduleprincipal principal""",
    "inst_interest": """
        应还利息 应收利息 本期利息 计划利息 本期应还利息 利息 interestdue scheduleinterest interest""",
    "inst_penalty": """
        应还罚息 应收罚息 本期罚息 罚息 复利罚息 逾期利息 penaltydue penalty""",
    "inst_paid": """
        实还金额 已还金额 实收金额 本期已还 实还总额 实还本息 已还款额 已收金额 paidamount amountpaid paid""",
    "inst_paid_at": """
        实还日期 实际还款日 实际还款日期 实还时间 还款时间 入账日期 入账时间 实收日期 paiddate paidat datepaid""",
}
SYNONYMS: Mapping[str, tuple[str, ...]] = {key: tuple(names.split()) for key, names in _NAMES.items()}
