"""What the vendor's codes mean, by the recipe's tables."""

import time
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from bridge.plugin import (
    BridgeError,
    ConfigurationRefused,
    Consequence,
    CredentialsRejected,
    HeldUntil,
    NoSuchResource,
    NotAccepted,
    OptedOut,
    OutcomeUnknown,
    VendorRejected,
    VendorThrottled,
)
from bridge.plugin.masking import mask_sentence

from ..faults import RecipeFault
from ..language.moments import zone
from ..language.paths import compile_regex
from ..masking import masked
from ..schema import ErrorRule, Recipe

_MAX_REASON = 200
_LONGEST_NIGHT = timedelta(hours=14)
_OPENS_LATER = timedelta(minutes=30)
"""When to try again where the vendor is still closed at a time of day at which it should send."""

_LEAST_SECRET = 4
"""Characters from which on a secret is looked for: shorter ones are parts of words."""


class NumberRefused(VendorRejected):
    """Refused for the sake of one number or its text: of several in a call nobody is told which.

    `none_taken` when the vendor's pages say that such a call was taken for nobody.
    """

    def __init__(self, reason: str, *, code: str = "", none_taken: bool = False) -> None:
        super().__init__(reason, code=code)
        self.none_taken = none_taken


_GRAVEST_FIRST: tuple[type[BridgeError], ...] = (
    OutcomeUnknown,
    CredentialsRejected,
    ConfigurationRefused,
    HeldUntil,
    VendorThrottled,
    NotAccepted,
    OptedOut,
    NoSuchResource,
    NumberRefused,
    VendorRejected,
)
"""Which of several errors in one answer decides: what may have been sent, then what a person must mend."""


def gravest(errors: Iterable[BridgeError]) -> BridgeError:
    """Return the error that decides when an answer holds several."""
    return min(
        errors, key=lambda error: next(n for n, kind in enumerate(_GRAVEST_FIRST) if isinstance(error, kind))
    )


class VendorAnswer(NamedTuple):
    """An answer as it came; header names in lower case."""

    status: int
    headers: Mapping[str, str]
    content: bytes


class ProvenAbsent(NotAccepted):
    """A look-up showed that the vendor never took the message."""

    default_code = "NOT_FOUND"


class VendorRefusal(NamedTuple):
    """One thing a vendor says against a call or a recipient. `message` must be harmless."""

    code: str
    message: str = ""
    status: str = ""
    text: str = ""


def folded(words: Mapping[str, ErrorRule]) -> dict[str, ErrorRule]:
    """Give a table whose words are compared without case."""
    return {word.casefold(): rule for word, rule in words.items()}


class ErrorTable:
    """The recipe's `error_rules` in order, then `errors`: exact codes, then families, the longest first.

    `secrets` are the channel's by name: vendors' sentences are shown to people without them.
    """

    def __init__(
        self,
        recipe: Recipe,
        secrets: Mapping[str, str],
        faults: list[RecipeFault],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._exact = folded(recipe.errors)
        self._secrets = {name: value for name, value in secrets.items() if len(value) >= _LEAST_SECRET}
        families = [name[:-1] for name in self._exact if len(name) > 1 and name.endswith("*")]
        self._families = sorted(families, key=len, reverse=True)
        self._rules = [
            (rule, compile_regex(f"(?i){rule.text}", f"error_rules[{index}].text", faults))
            for index, rule in enumerate(recipe.error_rules)
        ]
        self._zone = zone(recipe.vendor.timezone)
        self._clock = clock
        self.default = recipe.errors.get("*")

    def harmless(self, message: str) -> str:
        """Return a vendor's sentence, short and without the phone numbers and secrets it may quote."""
        if not message:
            return ""
        return mask_sentence(masked(message, self._secrets))[:_MAX_REASON]

    def find(self, refusal: VendorRefusal) -> ErrorRule | None:
        """Find what the recipe says about a refusal.

        Returns the first of `error_rules` that holds, the rule of the code or its family, or None.
        """
        for rule, pattern in self._rules:
            if (
                (not rule.http or refusal.status in rule.http)
                and (not rule.code or refusal.code in rule.code)
                and (not rule.text or pattern.search(refusal.text))
            ):
                return rule
        code = refusal.code.casefold()
        if not code or code == "*":
            return None
        family = next((name for name in self._families if code.startswith(name)), None)
        return self._exact.get(code) or (self._exact[f"{family}*"] if family is not None else None)

    def error(
        self, rule: ErrorRule, refusal: VendorRefusal, wait: float | None = None, *, sends: bool = False
    ) -> BridgeError:
        """Make the error that a refusal stands for.

        In a send, a template or signature that is missing is not the recipients' fault: they wait.
        """
        consequence = rule.class_
        if sends and consequence is Consequence.MISSING:
            consequence = Consequence.CONFIGURATION
        reason = rule.message or refusal.message or f"The vendor refused with code {refusal.code}."
        if rule.number and consequence is Consequence.REJECTED:
            return NumberRefused(reason, code=refusal.code, none_taken=rule.none_taken)
        until = self._opens(rule.until) if rule.until else None
        return consequence.error(reason, code=refusal.code, retry_after=wait, until=until)

    def _opens(self, time_of_day: str) -> datetime:
        """Find when to try again: the next moment with this time of day at the vendor.

        One that is further away than a night can be lies behind a day on which the vendor sends: its night
        ends later than the recipe says, or its clock differs from ours.
        """
        now = datetime.fromtimestamp(self._clock(), self._zone)
        hour, minute = map(int, time_of_day.split(":"))
        moment = now.replace(hour=hour, minute=minute, second=0, microsecond=0)
        moment += timedelta(days=moment <= now)
        return moment if moment - now <= _LONGEST_NIGHT else now + _OPENS_LATER
