"""Sleep is told from time that passed awake, by the two clocks alone."""

from __future__ import annotations

import pytest

from app.clock import ASLEEP, UNWATCHED, SleepWatch


class Clocks:
    real = 1000.0
    monotonic = 50.0

    def pass_(self, awake: float, asleep: float = 0.0) -> None:
        self.real += awake + asleep
        self.monotonic += awake


@pytest.fixture
def clocks() -> Clocks:
    return Clocks()


@pytest.fixture
def watch(clocks: Clocks) -> SleepWatch:
    return SleepWatch(lambda: clocks.real, lambda: clocks.monotonic)


def test_time_that_passes_awake_is_no_sleep(clocks: Clocks, watch: SleepWatch) -> None:
    looks = []
    for _ in range(100):
        looks.append(watch.over())
        clocks.pass_(awake=4.0, asleep=0.01)
    assert not any(looks)


def test_a_sleep_is_told_once(clocks: Clocks, watch: SleepWatch) -> None:
    watch.over()
    clocks.pass_(awake=1.0, asleep=ASLEEP + 1)
    assert watch.over()
    clocks.pass_(awake=1.0)
    assert not watch.over()


def test_where_time_goes_on_during_sleep_a_long_gap_tells_it(clocks: Clocks, watch: SleepWatch) -> None:
    watch.over()
    clocks.pass_(awake=UNWATCHED + 1)
    assert watch.over()


def test_a_rest_is_no_sleep(clocks: Clocks, watch: SleepWatch) -> None:
    watch.over()
    watch.rest()
    clocks.pass_(awake=UNWATCHED + 1, asleep=8 * 3600)
    assert not watch.over()


def test_the_machines_own_clocks_agree_while_it_is_awake() -> None:
    watch = SleepWatch()
    assert not watch.over()
    assert not watch.over()
