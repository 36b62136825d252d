"""Runs one row of a table against a vendor and tells everything that happened."""

import traceback
from collections.abc import Iterable, Sequence
from contextlib import nullcontext
from copy import deepcopy
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, get_type_hints

from bridge.plugin import (
    Batch,
    BridgeError,
    Message,
    MoMessage,
    PendingMessage,
    Phone,
    ReceiptPage,
    ReplyPage,
    SubmitResult,
    failure,
    hookspecs,
    unknown,
)

from ..table.cases import Case, Query, Reconcile, Send, Webhook, is_error, mismatch
from ..table.exchanges import Reply, Seen
from .breaking import PAGE
from .guards import watching
from .leaks import Leaks, messages_of, replies_in, secrets_of
from .manners import dawdled, frozen, local_times, mutated, naive_times, time_faults
from .stage import Stage
from .watch import Watch
from .wires import PluginBug, Wire

_PROSE = ("reason", "detail")
_PRINTED = "something was printed: use `logging`, which an operator can direct and the bridge masks"
_SHOWN = (*_PROSE, "code", "state", "vendor_code")


@dataclass
class Played:
    """What a row came to: the plugin's answer or error, what was watched, and what leaked."""

    row: Case
    answer: Any
    error: Exception | None
    watch: Watch
    wire: Wire
    leaks: Leaks
    stage: Stage
    changed: Sequence[str] = ()
    as_bridge: bool = False
    """A bug of the plugin counts as the bridge takes it: every message is unknown."""

    @property
    def faults(self) -> list[str]:
        """Everything wrong that no table needs to say: network, time-outs, requests, leaks."""
        return [*self.conduct, *self.wire.faults()]

    @property
    def conduct(self) -> list[str]:
        """The plugin's own faults, whatever the table's exchanges say."""
        found = [*self.watch.faults, *self.wire.followed, *self.changed]
        found += time_faults(self.row, self.watch, late=bool(self.wire.late))
        found += naive_times(self.answer)
        found += local_times(self.row, self.wire.seen)
        found += [f"{place} shows {leak}{at and f' ({at})'}" for place, at, leak in self._leaks()]
        if self.watch.printed:
            found.append(_PRINTED)
        if any(PAGE in text for text in self._told()):
            found.append("a page that came instead of the answer is quoted: say what happened in a sentence")
        if self.error is not None and not isinstance(self.error, BridgeError) and not self.as_bridge:
            found.append(f"{type(self.error).__name__} came out: raise an error of bridge.plugin")
        if self.unfit:
            found.append(self.unfit)
        return list(dict.fromkeys(found))

    @property
    def unfit(self) -> str:
        """The sentence that the answer is of another kind than the hook's, or ""."""
        kind = get_type_hints(getattr(hookspecs, self.row.operation))["return"]
        # What a send or look-up returns is told with its results; None where an answer is expected.
        if self.answer is None or not isinstance(kind, type) or isinstance(self.answer, kind):
            return ""
        return f"{self.row.operation} returned a {type(self.answer).__name__}, not a {kind.__name__}"

    def _leaks(self) -> Iterable[tuple[str, str, str]]:
        for place, at, text in self._texts():
            yield from ((place, at, leak) for leak in self.leaks.find(text))
        for text in self.transcript():
            yield from (("a recorded exchange", "", leak) for leak in self.leaks.find_secrets(text))
        for name, text in _shown(self.answer):
            # A code may be a number that some message's value is too.
            find = self.leaks.find if name in _PROSE else self.leaks.find_numbers
            yield from (("the answer", "", leak) for leak in find(text))

    def _told(self) -> Iterable[str]:
        """Return what people read of the call."""
        yield from (text for _, text in _shown(self.answer))
        yield repr(self.error)

    def _texts(self) -> Iterable[tuple[str, str, str]]:
        yield from heard(self.watch)
        yield "a repr", "", repr((self.stage.vendor, self.stage.channel.settings))
        if self.error is not None:
            # Without the frames: a line number is no value of a message.
            told = [each for each in traceback.format_exception(self.error) if not each.startswith("  File")]
            yield "an exception", "", "".join([*told, repr(self.error)])
            yield from (("an attribute of an exception", "", text) for text in _kept_on(self.error))

    @property
    def said(self) -> list[tuple[str, str]]:
        """Where each line of the log was written, and the line."""
        return list(zip(self.watch.logged_at, self.watch.log, strict=False))

    @property
    def story(self) -> list[str]:
        """What went over the wire, for the message of a failed test."""
        exchanges = self.transcript()
        return ["", "what went over the wire:", *(f"\n{text}" for text in exchanges)] if exchanges else []

    def transcript(self) -> list[str]:
        """Return each exchange as text, masked."""
        return [self._masked(*each) for each in self._exchanges()]

    def _exchanges(self) -> Iterable[tuple[Seen, int, str]]:
        if self.watch.exchanges or self.wire.script is None:
            return self.watch.exchanges
        return [
            (seen, reply.status, reply.body.decode()) if isinstance(reply, Reply) else (seen, 0, reply.name)
            for seen, reply in self.wire.script.seen
        ]

    def _masked(self, seen: Seen, status: int, answer: str) -> str:
        lines = [f"{seen.method} {self.leaks.redact(seen.url)}"]
        lines += [f"{name}: {self.leaks.header(name, str(value))}" for name, value in seen.headers.items()]
        lines += ["", self.leaks.redact(seen.body.decode("utf-8", "replace")), "", str(status)]
        shown = f"<the kit's page: {PAGE}>" if PAGE in answer else self.leaks.redact(answer)
        return "\n".join([*lines, shown])

    @property
    def results(self) -> list[SubmitResult]:
        """What a send or look-up says of each message; an error says the same of all."""
        assert isinstance(self.row, Send)
        messages = self.row.batch.messages
        if self.as_bridge and self.error is not None and not isinstance(self.error, BridgeError):
            return [unknown("A bug.", "PLUGIN_BUG")] * len(messages)
        if isinstance(self.error, BridgeError):
            error = self.error
            look_up = isinstance(self.row, Reconcile)
            return [unknown(error.reason, error.code) if look_up else failure(error)] * len(messages)
        answer = self.answer
        assert answer is not None, f"{self.row.operation} returned None"
        assert isinstance(answer, Sequence), f"{self.row.operation} returned a {type(answer).__name__}"
        assert len(answer) == len(messages), f"{len(messages)} messages, but {len(answer)} results"
        assert all(isinstance(each, SubmitResult) for each in answer), "each result must be a SubmitResult"
        return list(answer)

    def mismatches(self) -> list[str]:
        """Return what became otherwise than the row expects; nothing for a bug, which `conduct` tells."""
        row = self.row
        if self.unfit or (self.error is not None and not isinstance(self.error, BridgeError)):
            return []
        if isinstance(row, Reconcile) and is_error(row.expect):
            return self._wrong_error(row.expect)
        if isinstance(row, Send):
            assert len(row.expected) == len(row.batch.messages), (
                "the row expects too few or too many outcomes"
            )
            lines = [
                (message.ref, mismatch(expected, result, row.code))
                for message, expected, result in zip(
                    row.batch.messages, row.expected, self.results, strict=True
                )
            ]
            return [f"{ref}: {line}" for ref, line in lines if line]
        return self._wrong_error(row.expect) if is_error(row.expect) else self._wrong_answer()

    def _wrong_error(self, expected: Any) -> list[str]:
        error = self.error or getattr(self.answer, "error", None)
        if not isinstance(error, expected):
            return [f"expected {expected.__name__}, was {self._came()}"]
        code = getattr(self.row, "code", None)
        return [f"expected the code {code!r}, was {error.code!r}"] if code not in (None, error.code) else []

    def _wrong_answer(self) -> list[str]:
        row, answer = self.row, self.answer
        if self.error is not None or answer is None:
            return [f"expected an answer, was {self._came()}"]
        if isinstance(row, Webhook):
            if row.acknowledgement not in (None, answer.acknowledgement):
                return [f"expected {row.acknowledgement}, was {answer.acknowledgement}"]
            expected: Any = (row.receipts, row.replies, row.reviews)
            answer = (answer.receipts, answer.replies, answer.reviews)
        else:
            expected = row.expect
        if _tuples(expected) == _tuples(answer) or (isinstance(row, Query) and expected is None):
            return []
        return [f"expected {expected}", f"but was {answer}"]

    def _came(self) -> str:
        return repr(self.error) if self.error is not None else repr(self.answer)


def _tuples(answer: Any) -> Any:
    """Return the answer with its sequences as tuples, so that a list equals a tuple of the same."""
    if isinstance(answer, ReceiptPage | ReplyPage):
        return type(answer), *(_tuples(getattr(answer, each.name)) for each in fields(answer))
    if type(answer) in (list, tuple):
        return tuple(_tuples(each) for each in answer)
    return answer


def _shown(answer: Any) -> Iterable[tuple[str, str]]:
    """Return the texts of an answer that reach logs and people, however deep."""
    if is_dataclass(answer) and not isinstance(answer, type):
        named = [(each.name, getattr(answer, each.name)) for each in fields(answer)]
    elif hasattr(answer, "_fields"):
        named = list(zip(answer._fields, answer, strict=True))
    elif isinstance(answer, list | tuple):
        named = [("", each) for each in answer]
    else:
        return
    for name, value in named:
        if name in _SHOWN and isinstance(value, str):
            yield name, value
        elif not isinstance(value, Phone):
            yield from _shown(value)


def _kept_on(error: BaseException) -> Iterable[str]:
    """Return the texts that an exception carries along; trackers of errors send them."""
    # A code may be a number that some message's value is too.
    return [text for name, text in vars(error).items() if isinstance(text, str) and name != "code"]


def phones_in(row: Any) -> set[Phone]:
    """Return every phone number a row is about."""
    if isinstance(row, Phone):
        return {row}
    if isinstance(row, Message | MoMessage | PendingMessage):
        return {row.phone}
    if isinstance(row, Batch):
        return {message.phone for message in row.messages}
    if is_dataclass(row) and not isinstance(row, type):
        return set().union(*(phones_in(getattr(row, each.name)) for each in fields(row)), set())
    if isinstance(row, list | tuple):
        return set().union(*(phones_in(each) for each in row), set())
    return set()


def arguments_of(row: Case, request: Any = None) -> dict[str, Any]:
    """Return the arguments of the row's hook beside the channel; `request` is a webhook's signed one."""
    if isinstance(row, Webhook):
        return {"request": row.request if request is None else request}
    if isinstance(row, Send | Reconcile):
        return {"batch": row.batch}
    return row.arguments


def play(
    stage: Stage, wire: Wire, row: Case, *, request: Any = None, quiet: bool = False, as_bridge: bool = False
) -> Played:
    """Call the row's hook once and note everything; `quiet` when somebody else watches the process."""
    played = _play(stage, wire, row, request=request, quiet=quiet, as_bridge=as_bridge)
    if isinstance(row, Webhook) and not quiet and dawdled(played.watch):
        # Once more: a machine that was busy is faster the second time, a plugin that waits is not.
        again = _play(stage, wire, row, request=request, quiet=quiet, as_bridge=as_bridge)
        if not dawdled(again.watch):
            played.watch.took_s, played.watch.idle_s = again.watch.took_s, again.watch.idle_s
    return played


def _play(stage: Stage, wire: Wire, row: Case, *, request: Any, quiet: bool, as_bridge: bool) -> Played:
    answer, error = None, None
    # What a plugin spoils is spoilt for this row alone.
    arguments = deepcopy(arguments_of(row, request))
    before = frozen({**arguments, "settings": stage.channel.settings})
    with nullcontext(Watch()) if quiet else watching(watch_of(stage, wire)) as watch:
        try:
            answer = stage.call(row.operation, **arguments)
        except Exception as raised:  # noqa: BLE001 - whatever a plugin raises is what the row is about
            error = raised
    leaks = leaks_of(stage, row)
    changed = mutated(before, frozen({**arguments, "settings": stage.channel.settings}), row.operation)
    return Played(row, answer, error, watch, wire, leaks, stage, changed, as_bridge)


def leaks_of(stage: Stage, *rows: Case) -> Leaks:
    """Return what must not be seen of a channel and of what these rows are about."""
    settings = stage.channel.settings
    phones = set().union(*map(phones_in, rows))
    messages = [message for row in rows for message in messages_of(row)]
    texts = [text for row in rows for text in replies_in(row)]
    return Leaks(secrets_of(settings), phones, messages, repr(settings), texts)


def heard(watch: Watch) -> Iterable[tuple[str, str, str]]:
    """Return what was said while a plugin was watched: the place, where in the source, and the text."""
    yield from (("the log", at, text) for at, text in zip(watch.logged_at, watch.log, strict=False))
    yield "the printed text", "", watch.printed
    yield from ((place, "", text) for place, text in watch.aside)


def faults_beside(watch: Watch, leaks: Leaks, when: str) -> list[str]:
    """Return the faults of a plugin outside of its operations: while it is made, asked or closed."""
    found = [f"{fault} ({when})" for fault in watch.faults]
    found += [
        f"{place} shows {leak} ({when}{at and f', {at}'})"
        for place, at, text in heard(watch)
        for leak in leaks.find(text)
    ]
    return list(dict.fromkeys([*found, *([f"{_PRINTED} ({when})"] if watch.printed else [])]))


def watch_of(stage: Stage, wire: Wire) -> Watch:
    """Make the watch for a call that goes over this wire."""
    module = type(stage.vendor).__module__.partition(".")[0]
    return Watch(bug=wire.bug, bug_class=PluginBug, module=module)
