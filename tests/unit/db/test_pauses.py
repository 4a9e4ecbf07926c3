from db.turns import Pauses


def test_one_long_transaction_is_followed_by_a_pause() -> None:
    pauses = Pauses(pause=0.008, most=0.01)
    assert not pauses.due(1.0, 1.005)
    assert pauses.due(2.0, 2.02)


def test_short_ones_without_a_gap_count_as_one() -> None:
    pauses = Pauses(pause=0.008, most=0.01)
    assert not pauses.due(1.0, 1.006)
    assert pauses.due(1.007, 1.013)


def test_a_gap_that_nobody_misses_begins_anew() -> None:
    pauses = Pauses(pause=0.008, most=0.01)
    assert not pauses.due(1.0, 1.006)
    assert not pauses.due(1.02, 1.026)
