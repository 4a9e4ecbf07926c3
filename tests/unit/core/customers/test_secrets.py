"""What somebody reads who has the columns and not the key, and what a damaged column says."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from console.core.context import Context
from console.core.customers import secrets
from console.core.customers.secrets import Sealer, Unreadable
from db.engine import Database
from db.models import Customer

NUMBER = "11010519491231002X"


def test_a_sealed_number_comes_back_and_shows_only_its_tail(database: Database) -> None:
    sealed = secrets.seal(database, NUMBER)
    assert secrets.unseal(database, sealed.cipher) == NUMBER
    assert sealed.tail == "002X"
    assert NUMBER.encode() not in sealed.cipher
    assert NUMBER not in sealed.digest


def test_the_same_number_has_one_digest_and_never_one_cipher(database: Database) -> None:
    first, again = secrets.seal(database, NUMBER), secrets.seal(database, " 110105-19491231 002x ")
    assert first.digest == again.digest == secrets.digest(database, NUMBER)
    assert first.cipher != again.cipher
    assert secrets.seal(database, NUMBER[:-1] + "1").digest != first.digest


def test_another_database_neither_reads_it_nor_knows_its_digest() -> None:
    ours, theirs = Sealer(b"a" * 32), Sealer(b"b" * 32)
    sealed = ours.seal(NUMBER)
    assert theirs.digest(NUMBER) != sealed.digest
    with pytest.raises(Unreadable, match="cannot be read"):
        theirs.unseal(sealed.cipher)


def test_the_cipher_is_plain_aes_gcm_under_a_derived_key() -> None:
    sealed = Sealer(b"a" * 32).seal(NUMBER)
    key = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"branch-sms column cipher").derive(b"a" * 32)
    assert AESGCM(key).decrypt(sealed.cipher[1:13], sealed.cipher[13:], b"branch-sms column") == NUMBER.encode()


def test_every_damaged_byte_is_noticed() -> None:
    ours = Sealer(b"a" * 32)
    cipher = ours.seal(NUMBER).cipher
    for place in range(len(cipher)):
        changed = bytearray(cipher)
        changed[place] ^= 1
        with pytest.raises(Unreadable):
            ours.unseal(bytes(changed))
    for length in range(len(cipher)):
        with pytest.raises(Unreadable):
            ours.unseal(cipher[:length])


def test_there_is_no_seal_over_nothing() -> None:
    with pytest.raises(ValueError, match="nothing"):
        Sealer(b"a" * 32).seal(" - ")
    assert secrets.masked("") == ""
    assert secrets.masked("002X") == "****002X"


def test_a_customer_is_found_by_the_whole_number_only(ctx: Context) -> None:
    database, now = ctx.database, ctx.clock.now()
    sealed = secrets.seal(database, NUMBER)
    held = {"id_cipher": sealed.cipher, "id_digest": sealed.digest, "id_tail": sealed.tail}
    person = {"name": "张三", "pinyin": "zhangsan", "initials": "zs", "created_at": now, "updated_at": now}
    with database.begin() as session:
        for number, values in (("A", {}), ("B", held), ("C", held)):
            phone = {"phone": "13800138000", "phone_tail": "8000"}
            session.add(Customer(number=number, **person, **phone, **values))
    with database.read() as session:
        found = secrets.customer_by_id_number(session, database, "110105 19491231 002x")
        assert [session.get_one(Customer, id_).number for id_ in found] == ["B", "C"]
        for other in (NUMBER[:-1] + "1", NUMBER[-4:], "", "zs"):
            assert secrets.customer_by_id_number(session, database, other) == []
