"""Counting: windows, buckets, seats."""

from gateway.limits import Bucket, Seats, Window


def test_a_window_lets_its_limit_through_and_says_how_long_to_wait() -> None:
    window: Window[str] = Window(5, 60)
    for n in range(5):
        assert window.wait_s("a", n) == 0
        window.count("a", n)

    assert window.wait_s("a", 10) == 50
    assert window.wait_s("b", 10) == 0
    assert window.wait_s("a", 60.5) == 0
    window.count("a", 60.5)
    assert 0 < window.wait_s("a", 60.6) < 1


def test_a_window_forgets_keys_that_are_over() -> None:
    window: Window[int] = Window(1, 60, max_keys=10)
    for n in range(100):
        window.count(n, n * 60.0)

    assert window.wait_s(99, 99 * 60.0) == 60
    assert window.wait_s(0, 99 * 60.0) == 0


def test_a_bucket_gives_its_rate() -> None:
    bucket = Bucket(20, 0.0)

    assert sum(bucket.take(0.0) for _ in range(50)) == 20
    assert sum(bucket.take(1.0) for _ in range(50)) == 20
    assert sum(bucket.take(1.1) for _ in range(50)) == 2


def test_seats_are_given_back() -> None:
    seats: Seats[str] = Seats(2)

    assert [seats.take("a"), seats.take("a"), seats.take("a"), seats.take("b")] == [True, True, False, True]
    seats.leave("a")
    assert seats.take("a")
