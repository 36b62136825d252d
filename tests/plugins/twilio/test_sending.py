"""Sends over real HTTP: what is repeated, what is not, and what stops a batch."""

import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from bridge.plugin import (
    Batch,
    CredentialsRejected,
    Outcome,
    SubmitResult,
    TemplateType,
    VendorThrottled,
    VendorUnreachable,
    accepted,
)
from bridge.testing import batch, text_template
from bridge_twilio.pace import CallThreads, Deadline, Gate
from bridge_twilio.sending import LOST_IN_A_ROW, Item, Request, Submission

from .conftest import Build
from .emulator import Emulator
from .samples import Clock, FakeHistory

INTERNATIONAL = text_template("Hello ${name}", type=TemplateType.INTERNATIONAL)


def to(count: int, **fields: Any) -> Batch:
    """Return a batch to so many American numbers."""
    return batch([f"1415555{number:04d}" for number in range(count)], template=INTERNATIONAL, **fields)


def outcomes(results: Sequence[SubmitResult]) -> list[Outcome]:
    return [result.outcome for result in results]


@pytest.mark.parametrize(
    ("fault", "outcome", "taken"),
    [
        ("reset_before", Outcome.UNKNOWN, 0),
        ("reset_after", Outcome.UNKNOWN, 1),
        ("hang_after", Outcome.UNKNOWN, 1),
        ("html_before", Outcome.UNKNOWN, 0),
        ("html_after", Outcome.UNKNOWN, 1),
        ("garbage_after", Outcome.UNKNOWN, 1),
        ("empty_after", Outcome.UNKNOWN, 1),
        ("redirect", Outcome.UNKNOWN, 0),
        ("problem", Outcome.REJECTED, 0),
        ("throttle", Outcome.NOT_SENT, 0),
        ("throttle_empty", Outcome.NOT_SENT, 0),
        ("throttle_html", Outcome.NOT_SENT, 0),
        ("throttle_cut", Outcome.NOT_SENT, 0),
        ("daily_limit", Outcome.NOT_SENT, 0),
        ("forbidden_html", Outcome.NOT_SENT, 0),
        ("cut_after", Outcome.UNKNOWN, 1),
        ("trickle_after", Outcome.UNKNOWN, 1),
        ("trickle_head_after", Outcome.UNKNOWN, 1),
        ("endless_after", Outcome.UNKNOWN, 1),
    ],
)
def test_no_answer_makes_the_plugin_ask_twice(
    twilio: Emulator, build: Build, fault: str, outcome: Outcome, taken: int
) -> None:
    """Whatever comes back, and however slowly, one message is one POST, and its call ends."""
    twilio.trouble.script = [fault]
    vendor = build(timeout_s=0.3)
    begun = time.monotonic()
    [result] = vendor.send_batch(vendor.channel, to(1))
    assert time.monotonic() - begun < 15
    assert result.outcome is outcome
    assert "41555" not in repr(result)
    assert (twilio.posts(), len(twilio.account.messages)) == (1, taken)


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("throttle_empty", VendorThrottled),
        ("throttle_cut", VendorThrottled),
        ("daily_limit", CredentialsRejected),
        ("forbidden_html", CredentialsRejected),
    ],
)
def test_what_a_refusal_without_a_code_means(
    twilio: Emulator, build: Build, fault: str, error: type[Exception]
) -> None:
    """A rate is a rate without a body, too; an account's limit pauses with its reason."""
    twilio.trouble.script = [fault]
    vendor = build()
    [result] = vendor.send_batch(vendor.channel, to(1))
    assert type(result.error) is error
    assert result.reason.endswith(".")


def test_nobody_listening_is_not_sent(build: Build) -> None:
    """A refused connection leaves every message to be sent again."""
    with Emulator() as gone:
        url = gone.url
    vendor = build(base_url=url)
    results = vendor.send_batch(vendor.channel, to(3))
    assert {type(result.error) for result in results} == {VendorUnreachable}


def test_throttled_messages_go_later_and_once(twilio: Emulator, build: Build) -> None:
    """429 names its wait; sent again, each message arrives once."""
    twilio.trouble.script = ["throttle"]
    twilio.trouble.retry_after = "2"
    vendor = build(concurrency=1)
    results = vendor.send_batch(vendor.channel, to(3))
    assert [type(result.error) for result in results] == [VendorThrottled] * 3
    assert results[0].error is not None
    assert results[0].error.retry_after == 2
    assert twilio.posts() == 1, "a wait asked for by Twilio holds for the whole batch"
    assert outcomes(vendor.send_batch(vendor.channel, to(3))) == [Outcome.ACCEPTED] * 3
    assert twilio.account.duplicates()["texts"] == []


def test_refused_credentials_stop_the_batch(twilio: Emulator, build: Build) -> None:
    """20003 in the middle: what was accepted stays accepted, the rest is left unsent."""
    twilio.account.rules["+14155550002"] = {"error": 20003, "status": 401}
    vendor = build(concurrency=1)
    results = vendor.send_batch(vendor.channel, to(6))
    assert outcomes(results) == [Outcome.ACCEPTED] * 2 + [Outcome.NOT_SENT] * 4
    assert all(isinstance(result.error, CredentialsRejected) for result in results[2:])
    assert twilio.posts() == 3


def test_a_full_queue_stops_the_batch_for_long(twilio: Emulator, build: Build) -> None:
    """21611 means ten hours' worth of messages wait at Twilio."""
    twilio.account.rules["+14155550000"] = {"error": 21611}
    vendor = build(concurrency=1)
    results = vendor.send_batch(vendor.channel, to(3))
    assert outcomes(results) == [Outcome.NOT_SENT] * 3
    assert results[2].error is not None
    assert results[2].error.retry_after == 600


def test_lost_answers_in_a_row_stop_the_batch(twilio: Emulator, build: Build) -> None:
    """No more messages are risked on a line that swallows every answer."""
    twilio.trouble.script = ["reset_after"] * 20
    vendor = build(concurrency=1)
    results = vendor.send_batch(vendor.channel, to(20))
    assert outcomes(results) == [Outcome.UNKNOWN] * LOST_IN_A_ROW + [Outcome.NOT_SENT] * (20 - LOST_IN_A_ROW)
    assert twilio.posts() == LOST_IN_A_ROW


def test_scattered_losses_do_not_stop_it(twilio: Emulator, build: Build) -> None:
    """A success between them starts the count anew."""
    twilio.trouble.script = ["reset_after", "", "reset_before", ""] * 5
    vendor = build(concurrency=1)
    results = vendor.send_batch(vendor.channel, to(20))
    assert outcomes(results) == [Outcome.UNKNOWN, Outcome.ACCEPTED] * 10
    assert twilio.posts() == 20


def test_an_opted_out_recipient_is_told(twilio: Emulator, build: Build) -> None:
    """21610 feeds the suppression list, until the recipient comes back."""
    service = twilio.account.services.copy().popitem()[0]
    twilio.account.opted_out.add((service, "+14155550000"))
    vendor = build()
    first, second = vendor.send_batch(vendor.channel, to(2))
    assert (first.outcome, first.code, first.opted_out) == (Outcome.REJECTED, "21610", True)
    assert (second.outcome, second.opted_out) == (Outcome.ACCEPTED, False)


def test_calls_run_side_by_side_within_the_limit(twilio: Emulator, build: Build) -> None:
    """`concurrency` bounds the calls at once, over all batches of the process."""
    twilio.trouble.latency_s = 0.02
    vendor = build(concurrency=4)
    threads = [
        threading.Thread(target=vendor.send_batch, args=(vendor.channel, to(20, ref=f"c{number}")))
        for number in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert twilio.most_in_flight == 4
    assert len(twilio.account.messages) == 60


def test_the_limit_adapts_to_the_account(twilio: Emulator, build: Build) -> None:
    """Where the account allows few calls at once, sending on loses nothing and repeats nothing."""
    twilio.trouble.latency_s = 0.005
    twilio.trouble.concurrency = 3
    vendor = build(concurrency=16)
    waiting = list(to(40).messages)
    rounds = 0
    while waiting and rounds < 10:
        whole = to(40)
        left = Batch(
            whole.ref, whole.out_id, whole.sign_name, whole.template, tuple(waiting), whole.called_at
        )
        results = vendor.send_batch(vendor.channel, left)
        waiting = [
            message
            for message, result in zip(waiting, results, strict=True)
            if result.outcome is not Outcome.ACCEPTED
        ]
        rounds += 1
    assert not waiting
    assert len(twilio.account.messages) == 40
    assert twilio.account.duplicates()["texts"] == []


def test_what_the_vendor_gets_is_what_it_understands(twilio: Emulator, build: Build) -> None:
    """Every field is one that Messages.create has, and the callback carries both references."""
    vendor = build(hook_url="https://sms.example.com/hooks/promo/token", segments_per_second=5)
    vendor.send_batch(vendor.channel, to(1, ref="c7"))
    [message] = twilio.account.messages.values()
    assert message.callback == "https://sms.example.com/hooks/promo/token/status?m=m1&b=c7#rc=3&rp=all"
    assert message.validity == "14400"
    assert twilio.faults == []


class Stage:
    """A submission with a clock of the test's own and a send that takes a while."""

    def __init__(self, seconds_per_send: float = 0, deadline: float = 60) -> None:
        self.clock = Clock()
        self.seconds = seconds_per_send
        self.sent: list[str] = []
        self.wall = Clock()
        self.stopped_for: dict[str, tuple[float, float]] = {}
        self.crew = CallThreads(Gate(1, self.clock), "test", 1)
        end = Deadline(deadline, self.clock, self.wall)
        self.submission = Submission(self._send, self.crew, end, self.sleep)

    def sleep(self, seconds: float) -> None:
        """Sleep by both clocks."""
        self.clock.sleep(seconds)
        self.wall.sleep(seconds)

    def _send(self, to: str) -> str:
        self.clock.seconds += self.seconds
        steady, wall = self.stopped_for.get(to, (0.0, 0.0))
        self.clock.seconds += steady
        self.wall.seconds += wall
        self.sent.append(to)
        return f"SM-{to}"

    def run(
        self, items: Sequence[Item], per_second: float = 0, take: Callable[[float], float] = lambda _: 0
    ) -> list[SubmitResult]:
        try:
            return self.submission.run(items, per_second, take)
        finally:
            self.crew.close()


def requests(*segments: int) -> list[Item]:
    return [Request({"to": str(index)}, cost) for index, cost in enumerate(segments)]


def test_one_id_is_given_to_one_message() -> None:
    """An answer that comes twice, from a gateway's cache, proves that one message was accepted, not two."""
    stage = Stage()
    stage.submission._send = lambda to: "SM-same"
    results = stage.run(requests(1, 1, 1))
    assert outcomes(results) == [Outcome.ACCEPTED, Outcome.UNKNOWN, Outcome.UNKNOWN]
    assert {result.code for result in results[1:]} == {"DUPLICATE_ID"}


def test_what_is_not_begun_in_time_is_not_begun() -> None:
    """A batch ends before its lease does; what is left goes back to the queue."""
    stage = Stage(seconds_per_send=10, deadline=25)
    results = stage.run(requests(1, 1, 1, 1, 1))
    assert outcomes(results) == [Outcome.ACCEPTED] * 3 + [Outcome.NOT_SENT] * 2
    assert {result.code for result in results[3:]} == {"NO_TIME"}
    assert stage.sent == ["0", "1", "2"]


@pytest.mark.parametrize(
    ("steady", "wall", "left"),
    [
        pytest.param(0, 0, [], id="never stopped"),
        pytest.param(90, 90, ["NO_TIME"] * 2, id="a process stopped longer than its lease"),
        pytest.param(0, 90, ["NO_TIME"] * 2, id="a machine suspended, its steady clock with it"),
        pytest.param(90, -3600, ["NO_TIME"] * 2, id="the wall clock set back meanwhile"),
        pytest.param(0, -3600, [], id="the wall clock set back, no time passed"),
    ],
)
def test_whoever_was_stopped_calls_no_more(steady: float, wall: float, left: list[str]) -> None:
    """Both clocks are read right before each call: by now another worker may have found these absent."""
    stage = Stage(deadline=60)
    stage.stopped_for["0"] = (steady, wall)
    results = stage.run(requests(1, 1, 1))
    assert [result.code for result in results if result.outcome is Outcome.NOT_SENT] == left
    assert len(stage.sent) == 3 - len(left)


def test_whoever_was_stopped_while_waiting_for_the_rate_calls_nothing() -> None:
    """The wait for segments is over long after its end."""
    stage = Stage(deadline=60)

    def take(segments: float) -> float:
        stage.wall.seconds += 200
        return 1.0

    results = stage.run(requests(1, 1), per_second=1, take=take)
    assert outcomes(results) == [Outcome.NOT_SENT] * 2
    assert stage.sent == []


def test_segments_are_taken_a_second_at_a_time() -> None:
    """Long texts cost more; the waits that the shared bucket names are slept."""
    stage, taken, waits = Stage(), [], [0.0, 1.5, 2.5, 0.0]

    def take(segments: float) -> float:
        taken.append(segments)
        return waits[len(taken) - 1]

    results = stage.run(requests(2, 2, 1, 5, 1), per_second=4, take=take)
    assert outcomes(results) == [Outcome.ACCEPTED] * 5
    assert taken == [4, 1, 5, 1]
    assert stage.clock.slept == [1.5, 2.5]


def test_a_wait_longer_than_the_batch_leaves_the_rest_unsent() -> None:
    """The bridge hears how long to wait, and nothing more is taken from the bucket."""
    stage, taken = Stage(deadline=30), []

    def take(segments: float) -> float:
        taken.append(segments)
        return 0.0 if len(taken) == 1 else 45.0

    results = stage.run(requests(1, 1, 1), per_second=1, take=take)
    assert outcomes(results) == [Outcome.ACCEPTED, Outcome.NOT_SENT, Outcome.NOT_SENT]
    assert results[1].error is not None
    assert results[1].error.retry_after == 45
    assert taken == [1, 1]


def test_what_was_decided_before_costs_nothing() -> None:
    """A message refused by the plugin itself takes no segment and no call."""
    stage, taken = Stage(), []

    def take(segments: float) -> float:
        taken.append(segments)
        return 0.0

    decided = accepted("known")
    assert stage.run([decided, *requests(1)], per_second=10, take=take) == [decided, accepted("SM-0")]
    assert taken == [1]


def test_each_sender_has_its_own_bucket(twilio: Emulator, build: Build) -> None:
    """Twilio releases messages at each sender's rate."""
    history = FakeHistory()
    vendor = build(history, segments_per_second=3)
    vendor.send_batch(vendor.channel, to(1))
    vendor.send_batch(vendor.channel, to(2, sign_name="Bell"))
    assert history.taken == [("segments:Acme", 1, 3), ("segments:Bell", 2, 3)]


@pytest.mark.parametrize(("rate", "messages"), [(0, 100), (1, 30), (0.01, 1), (100, 100)])
def test_a_call_is_worth_half_its_time(build: Build, rate: float, messages: int) -> None:
    """A slow sender gets small calls."""
    assert build(segments_per_second=rate).limits.messages == messages
