"""The sources of the shipped rules in the language of the user; what an office wrote stays as it is."""

from __future__ import annotations

from console.core.i18n import T, Text

SHIPPED_SOURCES: dict[str, Text] = {
    each.source: each
    for each in (
        T("All of China keeps Beijing time, whatever clock the computer that sends is set to"),
        T("Numbering plan for mobile services in mainland China"),
        T("Third parties are never told of a debt: bank association's guide on collection"),
        T("PIPL articles 13(2), 14 and 15; MIIT order 31"),
        T("MIIT order 31: stop on refusal"),
        T("Own default: a list of head office binds every branch"),
        T("MIIT order 31: a list of the supervising authority binds everybody"),
        T("GB/T 45251-2025; bank association's guide on collection"),
        T("Own default; one carrier allows 08:00-22:00"),
        T("Own default: nobody is woken; account movements, risk alerts and fraud warnings leave at once"),
        T("Own default"),
        T(
            "Own default: who named their hours is written to within them; contract notices keep the hours "
            "of their class"
        ),
        T("Own default: who prefers another channel gets greetings and offers there; notices go by SMS as well"),
        T("Bank association's guide on collection: no more than 6 attempts a day"),
        T("Own default: the limit of the month is enough"),
        T("Own default: greetings and surveys must not become a nuisance"),
        T("Own default: notices are owed, so nothing counts over all kinds until an office decides so"),
        T("Own default: who has paid is not reminded"),
        T("Own default: a promise to pay is waited for until its day"),
        T("Own default: no reminder of a debt while it is being looked into"),
        T("Own default: a complaint is answered first"),
        T("Own default: no offer while a complaint is open"),
        T("Own default: a family in mourning is called on, not written to"),
        T("Own default: no offers of credit to customers who need assistance"),
        T(
            "Notices of the General Office of the State Council on public holidays 2004-2026; days of later "
            "years are entered here as they are announced"
        ),
        T(
            "Debt collection: GB/T 45251-2025 and the bank association's guide of 2026-01-30; the words are our own "
            "reading of it"
        ),
        T("Third parties are never told of a debt: bank association's guide of 2026-01-30"),
        T("No posing as police or court: bank association's guide of 2026-01-30"),
        T("Own default: legal steps are only named when they are true and decided"),
        T("Advertising law, article 9; the words beyond its three examples are our own reading"),
        T("Loan advertising: notice of the People's Bank of 2021"),
        T("Own default: words that promise money make carriers filter the text"),
        T("PIPL article 13(2): performing the contract"),
        T("MIIT order 31; PIPL articles 14, 15 and 24"),
        T("Own default: what the customer asked for, or must be warned of"),
        T("Own default: greetings and surveys go until they are refused"),
    )
}


def source_words(source: str) -> str:
    return str(SHIPPED_SOURCES.get(source, source))
