"""Bronze, about sends of every type, alone and together, and about one message among others."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any
from unittest.mock import patch

from bridge.plugin import Outcome, SubmitResult, TemplateType, TextTemplate

from ..play.breaking import Breakage, Breaks, LeftOut
from ..play.doubling import crowd_of, international
from ..play.wires import PluginBug
from ..table.cases import Send
from ..table.exchanges import Exchange, Lost, Reply
from .bronze import Bronze
from .climbing import rule

_MAY_BE = {Outcome.UNKNOWN, Outcome.ACCEPTED}
_SHAPES: tuple[Any, ...] = (None, 7, "x", [], {})
"""What stands in an answer where the vendor tells of one message."""


class Crossed(Bronze):
    """Rules of the lowest rung about sends of other kinds, and about one message among others."""

    @rule("bronze")
    def test_no_kind_of_send_is_repeated(self, remote_send: Send) -> None:
        """Of whatever type, alone or with others: a send whose answer is lost is not sent again."""
        if not self.emulates_http() or not isinstance(remote_send.batch.template, TextTemplate):
            return
        for what, row in _kinds(remote_send):
            whole = LeftOut(len(remote_send.batch.messages), slice(0, len(row.batch.messages)))
            requests = self.play(row, breakage=Breaks(whole), as_bridge=True).wire.requests
            if not requests:
                continue  # what it does not send, it says at once
            lost = self.play(row, breakage=_lost_from(requests, whole), as_bridge=True)
            assert lost.wire.requests <= requests, (
                f"{what}, whose answer was lost: {requests} became {lost.wire.requests}; "
                "leave repeats to the bridge"
            )
            outcomes = {result.outcome for result in lost.results}
            # A number that it refuses by itself was not in the call.
            assert Outcome.UNKNOWN in outcomes and Outcome.NOT_SENT not in outcomes, (
                f"{what}, whose answer was lost, gives {outcomes}"
            )

    @rule("bronze")
    def test_a_bug_in_one_result_is_unknown(self, remote_send: Send) -> None:
        """An exception of the plugin's own while it reads one message's result: nobody is called accepted."""
        for number in {1, len(remote_send.batch.messages)}:
            stumbling = _Stumbling(number)
            with patch.object(SubmitResult, "__new__", stumbling):
                played = self.play(remote_send, as_bridge=True)
            outcomes = {result.outcome for result in played.results}
            alone = len(remote_send.batch.messages) == 1
            assert not stumbling.stumbled or (
                Outcome.UNKNOWN in outcomes <= ({Outcome.UNKNOWN} if alone else _MAY_BE)
            ), f"a bug while the result of message {number} was made gives {outcomes}: let the exception out"

    @rule("bronze")
    def test_a_message_told_of_in_another_shape_is_unknown(self, remote_send: Send) -> None:
        """Where the answer tells of a message by null, a number or nothing, nobody knows its end."""
        requests, messages = self._requests(remote_send), len(remote_send.batch.messages)
        if not requests or messages < 2:
            return
        for shape in _SHAPES:
            misshapen = _Misshapen(messages, shape)
            played = self.play(remote_send, breakage=Breaks(misshapen, since=requests), as_bridge=True)
            outcomes = {result.outcome for result in played.results}
            assert not misshapen.applied or Outcome.UNKNOWN in outcomes <= _MAY_BE, (
                f"an answer that tells of the last message by {json.dumps(shape)} gives {outcomes}"
            )


def _kinds(row: Send) -> Iterator[tuple[str, Send]]:
    """Make the row's send in every type, to one and to as many as it has; its answers take any request."""
    lenient = [Exchange(each.method, each.url, each.reply) for each in row.exchanges] * 3
    for kind in TemplateType:
        template = replace(row.batch.template, type=kind)
        crowd = crowd_of(row, len(row.batch.messages))
        if kind is TemplateType.INTERNATIONAL:
            crowd = international(row)
        for count in sorted({1, len(row.batch.messages)}):
            batch = replace(row.batch, template=template, messages=crowd.batch.messages[:count])
            yield (
                f"a send of type {kind.value} to {count}",
                replace(row, batch=batch, exchanges=lenient, expect=Outcome.UNKNOWN, code=None),
            )


def _lost_from(since: int, whole: LeftOut) -> Breakage:
    """Return the fate by which answers are whole, and lost from that request on."""
    return lambda count: Lost.RESET if count >= since else whole


class _Stumbling:
    """Makes results, and stumbles over the nth."""

    def __init__(self, number: int) -> None:
        self._left = number
        self._make: Callable[..., SubmitResult] = SubmitResult.__new__
        self.stumbled = False

    def __call__(self, *args: Any, **kwargs: Any) -> SubmitResult:
        """Return the result; raises PluginBug at its turn."""
        self._left -= 1
        if self._left == 0:
            self.stumbled = True
            raise PluginBug("a bug of the plugin")
        return self._make(*args, **kwargs)


class _Misshapen:
    """The fate of an answer that tells of the last message in another shape than a table's object."""

    def __init__(self, messages: int, shape: Any) -> None:
        self._messages = messages
        self._shape = shape
        self.applied = False

    def __call__(self, reply: Reply) -> Reply:
        """Return the answer with the other shape in its lists of that length."""
        try:
            answer = json.loads(reply.body)
        except ValueError:
            return reply
        return Reply(reply.status, json=self._changed(answer), headers=reply.headers)

    def _changed(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {key: self._changed(each) for key, each in value.items()}
        if not isinstance(value, list):
            return value
        if len(value) == self._messages and all(isinstance(each, dict) for each in value):
            self.applied = True
            return [*value[:-1], self._shape]
        return [self._changed(each) for each in value]
