"""Why a message would go through one account and not through another."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from bridge.channels import OpenChannel
from bridge.channels.hooks import SENDING
from bridge.clock import Clock, millis
from bridge.ledger import Ledger, SendInfo, StoredTemplate
from bridge.plugin import BadNumber, Phone
from bridge.plugin.phone import parse

from ..messages.drafting import carrier_of
from ..messages.routing import Routing
from ..snapshots import snapshot
from .operating import NO_TEMPLATE, OTHER_TYPE, OperatorRefused, Own

_TAKES = "takes it"
_ON_TRIAL = ", one message at first: no call has worked since it was stopped"
_TRIED = "is tried with one batch: no call has worked since it was stopped"
_ENGAGED = "It is being tried: no call has worked since it was stopped."


@dataclass(frozen=True, slots=True)
class RouteVerdict:
    """What one account would do with a message: take it now, take it if those before fail, or why not."""

    account: str
    verdict: str
    weight: int


class Explaining:
    """Explains the routes of one channel."""

    def __init__(self, channel: OpenChannel, ledger: Ledger, clock: Clock) -> None:
        self._channel = channel
        self._ledger = ledger
        self._clock = clock
        self._routing = Routing(channel, ledger, clock)

    def routes(self, number: str, code: str, sign_name: str = "") -> list[RouteVerdict]:
        """Return each account's verdict on a message, in the order in which they would be asked.

        Without a signature none is considered; see `sign_of`.
        Raises OperatorRefused for a template that there is not, and a number that it cannot go to.
        """
        template = self._template(code)
        try:
            phone = parse(number, template.type)
        except BadNumber as error:
            raise OperatorRefused(
                OTHER_TYPE, reason=Own(error.reason), type=Own(template.type.name.lower())
            ) from None
        info = self.info(template, self.sign_of(code, sign_name))
        allowed, weights = self._routing.allowed(template.type, phone), self._routing.weights()
        verdicts = {name: self._why_not_to(phone, name, info, str(template.kind)) for name in allowed}
        verdicts |= self._takers([name for name in allowed if not verdicts[name]], weights)
        verdicts |= {
            name: "No route leads this message to it."
            for name in self._channel.accounts
            if name not in allowed
        }
        return [RouteVerdict(name, verdict, weights[name]) for name, verdict in verdicts.items()]

    def _turns(self, able: Sequence[str], weights: Mapping[str, int]) -> dict[str, str]:
        """Return when each of the accounts that can take a message does, in a sentence."""
        if self._channel.settings.route == "weighted" and len(able) > 1:
            whole = sum(weights[name] for name in able)
            return {name: f"{_TAKES} with {round(100 * weights[name] / whole)} of 100 sends" for name in able}
        others = {name: f"takes it if {before} does not" for before, name in pairwise(able)}
        return {**dict.fromkeys(able[:1], _TAKES), **others}

    def _takers(self, able: Sequence[str], weights: Mapping[str, int]) -> dict[str, str]:
        """Return what is said of accounts that may take the message: what a worker would do with it now."""
        standings, slow = self._routing.standings(), self._routing.rates.slow(millis(self._clock))
        order = self._routing.order(able, standings, slow)
        said = {name: f"It has no room now: {one.words}" for name, one in slow.items() if name in able}
        said |= {name: _ENGAGED for name in able if name not in slow and standings[name].on_trial}
        said |= dict.fromkeys(order.tried, _TRIED)
        for name, turn in self._turns(order.targets, weights).items():
            if name in slow:
                said[name] = f"{turn}, later: {slow[name].words}"
            else:
                said[name] = turn + (_ON_TRIAL if standings[name].on_trial else "")
        return said

    def _why_not_to(self, phone: Phone, name: str, info: SendInfo, kind: str) -> str:
        why = self.why_not(name, info, kind)
        refused = self._routing.refused_carriers(name, info)
        if not why and refused and carrier_of(phone) in refused:
            return "The recipient's carrier did not approve the template there."
        return why

    def info(self, template: StoredTemplate, sign: str) -> SendInfo:
        """Return a send with a template and a signature, as it would be accepted now."""
        suffix, judged = self._channel.settings.opt_out_suffix, self._routing.judged_at(sign)
        document = json.loads(snapshot(template, suffix, judged))
        return SendInfo(0, self._channel.name, "", sign, document, millis(self._clock))

    def sign_of(self, code: str, sign_name: str) -> str:
        """Return the signature that is meant, "" for none: the given one, the template's or the default."""
        return sign_name or self._template(code).sign_name or self._channel.settings.default_sign

    def _template(self, code: str) -> StoredTemplate:
        template = self._ledger.templates.get(self._channel.name, code)
        if template is None:
            raise OperatorRefused(NO_TEMPLATE, channel=self._channel.name, code=code)
        return template

    def why_not(self, name: str, info: SendInfo, kind: str) -> str:
        """Return why an account would not take a message of a send now, "" if it would."""
        account = self._channel.accounts[name]
        hook = next(hook for known, hook in SENDING.items() if known == kind)
        if not account.hooks.supports(hook):
            return f"It cannot send {kind} messages."
        state = self._ledger.coordination.channel_state(self._channel.name)
        if state.paused_until > millis(self._clock):
            return f"The channel is paused: {state.pause_reason}"
        return self._routing.unfit(name, info) or self._routing.standings()[name].why
