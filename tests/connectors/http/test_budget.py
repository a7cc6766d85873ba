from __future__ import annotations

import shutil
import subprocess
from datetime import UTC, datetime, timedelta

import pytest

from connectors.http.budget import Limits, LocalBudget, Patience
from connectors.http.budget_redis import RedisBudget
from engine.errors import RemoteBusy


class Time:
    def __init__(self):
        self.moment = datetime(2026, 1, 1, 12, tzinfo=UTC)

    def now(self):
        return self.moment

    def sleep(self, seconds):
        self.moment += timedelta(seconds=seconds)


@pytest.fixture(scope="module")
def redis_client(tmp_path_factory):
    server = shutil.which("redis-server")
    if server is None:
        pytest.skip("no redis-server on this machine")
    import redis

    sock = tmp_path_factory.mktemp("redis") / "s"
    process = subprocess.Popen(
        [server, "--port", "0", "--unixsocket", str(sock), "--save", ""], stdout=subprocess.PIPE
    )
    assert any(
        b"Ready to accept" in line or b"accept connections" in line for line in process.stdout
    )
    client = redis.Redis(unix_socket_path=str(sock))
    yield client
    client.close()
    process.terminate()
    process.stdout.close()
    process.wait(5)


@pytest.fixture(params=["local", "redis"])
def make(request):
    def build(limits, *, longest=120.0):
        time = Time()
        patience = Patience("qbo", longest, time.sleep)
        if request.param == "local":
            return LocalBudget("qbo", limits, clock=time, patience=patience), time
        redis = request.getfixturevalue("redis_client")
        redis.flushall()
        return RedisBudget(redis, "c1", "qbo", limits, clock=time, patience=patience), time

    return build


@pytest.mark.promise("E01")
def test_no_minute_ever_sees_more_than_the_limit_and_most_of_it_is_used(make):
    budget, time = make(Limits(per_minute=60, reserve=0.0))
    stamps = []
    for _ in range(200):
        with budget.take():
            stamps.append(time.now())
    worst = max(sum(1 for t in stamps if s <= t < s + timedelta(seconds=60)) for s in stamps)
    assert 54 <= worst <= 60


def test_no_second_sees_more_than_its_limit(make):
    budget, time = make(Limits(per_minute=500, per_second=10, reserve=0.0))
    stamps = []
    for _ in range(60):
        with budget.take():
            stamps.append(time.now())
    assert max(sum(1 for t in stamps if s <= t < s + timedelta(seconds=1)) for s in stamps) <= 10


def test_people_may_use_the_reserve_that_machines_leave(make):
    budget, _ = make(Limits(per_minute=100, burst=10, reserve=0.3), longest=0.0)
    for _ in range(7):
        with budget.take():
            pass
    with pytest.raises(RemoteBusy) as caught, budget.take():
        pass
    assert caught.value.scope == "minute"
    for _ in range(3):
        with budget.take(human=True):
            pass


def test_the_day_limit_says_how_long_until_midnight(make):
    budget, time = make(Limits(per_day=2, reserve=0.0), longest=1.0)
    for _ in range(2):
        with budget.take():
            pass
    with pytest.raises(RemoteBusy) as caught, budget.take():
        pass
    assert (caught.value.scope, caught.value.wait_seconds) == ("day", 43200.0)
    time.sleep(43200)
    with budget.take():
        pass


def test_a_slot_comes_back_when_the_call_ends_and_when_its_holder_died(make):
    budget, time = make(Limits(concurrent=1), longest=0.0)
    with budget.take(), pytest.raises(RemoteBusy) as caught, budget.take():
        pass
    assert caught.value.scope == "concurrent"
    with budget.take():
        pass
    held = budget.take()
    held.__enter__()
    time.sleep(200)
    with budget.take():
        pass
    held.__exit__(None, None, None)


def test_when_the_vendor_says_busy_nobody_calls_until_then(make):
    budget, time = make(Limits(per_minute=60), longest=0.0)
    budget.note_busy("day", 30.0)
    with pytest.raises(RemoteBusy) as caught, budget.take(human=True):
        pass
    assert (caught.value.scope, round(caught.value.wait_seconds)) == ("day", 30)
    time.sleep(31)
    with budget.take():
        pass


def test_the_vendors_header_is_believed_when_it_is_lower(make):
    budget, _ = make(Limits(per_day=5000, per_minute=60, reserve=0.0), longest=0.0)
    with budget.take():
        pass
    budget.note_remaining("day", 0)
    budget.note_remaining("day", 400)
    with pytest.raises(RemoteBusy) as caught, budget.take():
        pass
    assert caught.value.scope == "day"
    assert budget.left()["day"] == "0 of 5000 left"
