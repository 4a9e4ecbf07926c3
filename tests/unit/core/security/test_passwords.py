from __future__ import annotations

import pytest
from argon2 import PasswordHasher

from console.core.security import passwords
from console.core.security.passwords import WeakPassword


def test_a_password_verifies_against_its_own_hash_only() -> None:
    encoded = passwords.hashed("correct horse battery")
    assert encoded.startswith("$argon2id$")
    assert passwords.verify(encoded, "correct horse battery")
    assert not passwords.verify(encoded, "correct horse batterx")
    assert encoded != passwords.hashed("correct horse battery")


def test_full_width_letters_of_an_input_method_are_the_same_password() -> None:
    assert passwords.verify(passwords.hashed("Moon2026!cake"), "Ｍｏｏｎ２０２６！ｃａｋｅ")


def test_no_hash_and_the_decoy_open_to_nothing() -> None:
    assert not passwords.verify("!", "anything")
    assert not passwords.verify("", "")
    assert not passwords.verify(passwords.decoy(), "anything")


def test_other_parameters_are_outdated() -> None:
    assert passwords.outdated(PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1).hash("x"))
    assert not passwords.outdated(passwords.hashed("x"))


@pytest.mark.parametrize(
    "weak",
    [
        "short",
        "aaaaaaaaaaaa",
        "abababababab",
        "12345678901",
        "abcdefghijkl",
        "98765432100",
        "password2026",
        "Qwertyuiop12",
        "woaini1314520",
        "wangmin2026",
        "x" * 129,
    ],
)
def test_weak_passwords_are_refused(weak: str) -> None:
    with pytest.raises(WeakPassword):
        passwords.check(weak, "wangmin", minimum=10)


@pytest.mark.parametrize(
    "good", ["梅花香自苦寒来二零二六", "correct horse battery", "Tk7#vb-92Lq", "wangmin likes the autumn moon"]
)
def test_good_passwords_pass(good: str) -> None:
    passwords.check(good, "wangmin", minimum=10)
