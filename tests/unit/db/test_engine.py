from __future__ import annotations

import pytest

from db.engine import _tls


@pytest.mark.parametrize(
    "url",
    [
        "postgresql+psycopg://u@/name",
        "postgresql+psycopg://u@/name?host=/var/run/postgresql",
        "postgresql+psycopg://u@localhost/name",
        "postgresql+psycopg://u@127.0.0.1:5433/name",
        "postgresql+psycopg://u@db.bank.example/name?sslmode=require",  # somebody decided otherwise
    ],
)
def test_the_url_is_left_as_it_is(url: str) -> None:
    assert _tls(url) == {}


@pytest.mark.parametrize(
    "url", ["postgresql+psycopg://u@db.bank.example/name", "postgresql+psycopg://u@/name?host=10.1.2.3"]
)
def test_a_server_elsewhere_must_prove_who_it_is(url: str) -> None:
    assert _tls(url) == {"sslmode": "verify-full"}
