"""Asking an account, or Quick Audience's address, whether it works now; nothing is sent to anybody."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

import requests

from bridge.channels import OpenAccount, OpenChannel
from bridge.clock import Clock, millis
from bridge.contract import callbacks, signing
from bridge.contract.callbacks import CallbackAnswer
from bridge.ledger import Act, Ledger
from bridge.plugin.http import Session, classify
from bridge.settings import ChannelSettings

from ..desk.operating import NO_ACCOUNT, OperatorRefused, Own

_NETWORK = "Check the address and the network."
_ADVICE = {
    # The vendor's words say which of them it is: an account without credit is refused in the same way.
    "CREDENTIALS_REJECTED": "Mend what the vendor names: the key in the settings, or the account itself.",
    "VENDOR_UNAVAILABLE": _NETWORK,
}
NO_ADDRESS = "The channel %(channel)s has no callback_url: nothing is pushed."
_ANSWERS = "Quick Audience answers at %(url)s."
_AWAY = "Quick Audience cannot be reached (%(code)s)."
_UNCLEAR = "Quick Audience's callback does not say which key it accepts (%(detail)s)."
_ANOTHER_KEY = "Quick Audience's callback accepts key %(number)s of %(count)s, and the first signs."
_FIRST_KEY = "Quick Audience's callback accepts the first of %(count)s keys."
_NO_KEY = "Quick Audience's callback accepts none of %(count)s keys."
SENTENCES = (_ANSWERS, _AWAY, _UNCLEAR, _ANOTHER_KEY, _FIRST_KEY, _NO_KEY)
"""What is said of Quick Audience's address, so that a page can say it in the reader's language."""
DETAILS = (
    "%(vendor)s answers.",
    "Twilio answers. Signatures: %(signatures)s",
    "The carrier knows the account.",
    "Twilio cannot be used.",
    "Some senders cannot be used.",
)
"""What the built-in plugins say of an account, for the same reason."""
_BY_ITSELF = "%(detail)s"
_WITH_CODE = "%(detail)s (%(code)s)"


@dataclass(frozen=True, slots=True)
class Heard:
    """What one question brought: whether it is `good`, a sentence with values in it, and what to do.

    `setting`: what of the channel it is about, such as callback_url.
    """

    good: bool
    text: str
    values: Mapping[str, object] = field(default_factory=dict)
    advice: str = ""
    setting: str = ""

    @property
    def said(self) -> str:
        """Return the sentence."""
        return self.text % self.values


def ask_account(account: OpenAccount) -> Heard:
    """Ask an account whether it can send."""
    health = account.hooks.check()
    if health.error is None:
        return Heard(True, _BY_ITSELF, {"detail": Own(health.detail)})
    values = {"detail": Own(health.detail), "code": health.error.code}
    return Heard(False, _WITH_CODE, values, _ADVICE.get(health.error.default_code, ""))


def ask_quick_audience(channel: OpenChannel) -> Iterator[Heard]:
    """Connect and read the front page: an unsigned callback would count as a failed authentication.

    Nothing is asked, and nothing heard, where the channel has no address.
    """
    settings = channel.settings
    url = callbacks.presets.get(settings.callback_url, settings.callback_url)
    if not url:
        return
    with _session(settings) as session:
        if code := _unreachable(session, url):
            yield Heard(False, _AWAY, {"code": code}, _NETWORK, "callback_url")
            return
        yield Heard(True, _ANSWERS, {"url": url})
        if len(settings.accepted_keys) > 1 and settings.callback_key is None:
            yield _try_keys(session, settings)


def visit(settings: ChannelSettings) -> str:
    """Read the front page of a channel's callback address. Returns "", or the code of why it has none."""
    with _session(settings) as session:
        return _unreachable(session, settings.callback_url)


def _session(settings: ChannelSettings) -> Session:
    return Session(threads=1, timeout=(5, 10), allow_private=settings.allow_private)


def _unreachable(session: Session, url: str) -> str:
    try:
        session.get(f"{url}/", stream=True).close()
    except requests.RequestException as error:
        return classify(error).code
    return ""


def _try_keys(session: Session, settings: ChannelSettings) -> Heard:
    """Tell which of several keys Quick Audience's callback takes, by callbacks without a receipt.

    Only while a key is being changed: a refused one counts as a failed authentication, so each is tried once
    and the first that is taken ends it.
    """
    keys = settings.accepted_keys
    for number, key in enumerate(keys, 1):
        answer = _tried(session, settings, key)
        if answer.outcome == "auth":
            continue
        if answer.outcome == "failed" and not answer.refused:
            return Heard(False, _UNCLEAR, {"detail": answer.detail}, "Try again later.", "key")
        if number > 1:
            values = {"number": number, "count": len(keys)}
            return Heard(False, _ANOTHER_KEY, values, f"Put key {number} first.", "key")
        return Heard(True, _FIRST_KEY, {"count": len(keys)})
    advice = "Compare them with the key in Quick Audience's form."
    return Heard(False, _NO_KEY, {"count": len(keys)}, advice, "key")


def _tried(session: Session, settings: ChannelSettings, key: str) -> CallbackAnswer:
    query, signature = signing.fresh_callback(key, datetime.now(UTC))
    headers = {"Content-Type": "application/json", signing.HEADER: signature}
    address, body = callbacks.url(settings.callback_url, "receipts"), callbacks.body("receipts", [])
    try:
        response = session.post(address, params=query, data=body, headers=headers)
    except requests.RequestException as error:
        return CallbackAnswer("failed", classify(error).code)
    return callbacks.read_answer(response.status_code, response.content)


class LiveCheck:
    """Asks for one person, and writes down that it was asked. Raises OperatorRefused where there is none."""

    def __init__(self, channel: OpenChannel, ledger: Ledger, clock: Clock, who: str) -> None:
        self._channel = channel
        self._ledger = ledger
        self._clock = clock
        self._who = who

    def account(self, name: str) -> Heard:
        """Ask one account."""
        account = self._channel.accounts.get(name)
        if account is None:
            names = ", ".join(self._channel.accounts)
            raise OperatorRefused(NO_ACCOUNT, channel=self._channel.name, account=name, names=names)
        heard = ask_account(account)
        self._note("account checked", heard, account=name)
        return heard

    def quick_audience(self) -> Heard:
        """Ask Quick Audience's address. Returns the first fault, else what was heard last."""
        heard = list(ask_quick_audience(self._channel))
        if not heard:
            raise OperatorRefused(NO_ADDRESS, channel=self._channel.name)
        told = next((one for one in heard if not one.good), heard[-1])
        self._note("callback address checked", told)
        return told

    def _note(self, what: str, heard: Heard, **of: object) -> None:
        after = {**of, "works": heard.good, "said": heard.said}
        self._ledger.audit.note(Act(self._who, what, millis(self._clock), self._channel.name, after=after))
