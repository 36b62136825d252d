"""The names a request's expressions see, put together for one channel."""

import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bridge.plugin import Batch, DigitalTemplate, Message, Phone, PollWindow, Template, TextTemplate

from ..language.values import Names, PendingValues, RecipientValues, TemplateView, idempotency, unix
from ..schema import Recipe


@dataclass(frozen=True)
class Namer:
    """Gives every operation its names. `clock` and `nonce` are replaced for samples and tests."""

    recipe: Recipe
    secrets: Mapping[str, str]
    values: Mapping[str, Any]
    hook_url: str
    clock: Callable[[], float] = time.time
    nonce: Callable[[], str] = field(default=lambda: secrets.token_hex(16))
    codes: Mapping[str, str] = field(default_factory=dict)

    def common(self) -> dict[str, Any]:
        """Return what every expression may use; time and nonce are fixed for the request."""
        return {
            "secret": {**dict.fromkeys(self.recipe.optional_secrets, ""), **self.secrets},
            "settings": {**self.recipe.settings, **self.values},
            "callback": {
                name: f"{self.hook_url}/{name}" if self.hook_url else "" for name in self.recipe.webhooks
            },
            "now": int(self.clock()),
            "nonce": self.nonce(),
        }

    def for_template(self, template: Template) -> dict[str, Any]:
        """Return the names for the operations on one template."""
        return {**self.common(), **self._template(template, template.sign_name)}

    def for_sign(self, sign_name: str) -> dict[str, Any]:
        """Return the names for the query of a signature."""
        return {**self.common(), "sign_name": sign_name, "sign_prefix": f"【{sign_name}】"}

    def _template(self, template: TextTemplate | DigitalTemplate, sign_name: str) -> dict[str, Any]:
        view = TemplateView(template, sign_name, self.recipe.templates.placeholder_out, self.codes)
        return {"template": view, "sign_name": sign_name, "sign_prefix": view.sign_prefix}

    def recipients(self, batch: Batch) -> list[RecipientValues]:
        """Return the views of a batch's messages, in order."""
        view = TemplateView(batch.template, batch.sign_name, "")
        write = PHONE_FORMS[self.recipe.phone.send_as]
        return [RecipientValues(message, write(message.phone), view) for message in batch.messages]

    def for_batch(self, batch: Batch) -> dict[str, Any]:
        """Return the names for one batch, but the recipients and keys of each call."""
        common = {
            "batch_ref": batch.ref,
            "out_id": batch.out_id,
            "called_at": unix(batch.called_at),
        }
        return {**self.common(), **common, **self._template(batch.template, batch.sign_name)}

    def for_call(
        self, names: Names, batch: Batch, key: str, recipients: Sequence[RecipientValues]
    ) -> dict[str, Any]:
        """Return the names for one call of the batch; `key` tells it from its other calls."""
        return {
            **names,
            "nonce": self.nonce(),
            "recipients": list(recipients),
            "r": recipients[0],
            "idempotency": idempotency(batch, key),
        }

    def for_poll(self, window: PollWindow) -> dict[str, Any]:
        """Return the names for one page of reports."""
        since, until = unix(window.since), unix(window.until)
        return {**self.common(), "since": since, "until": until, "cursor": window.cursor}

    def pending(self, window: PollWindow) -> list[PendingValues]:
        """Return the views of messages that wait for a receipt."""
        write = PHONE_FORMS[self.recipe.phone.send_as]
        return [PendingValues(message, write(message.phone)) for message in window.pending]


PHONE_FORMS: dict[str, Callable[[Phone], str]] = {
    "national": lambda phone: phone.national,
    "e164": lambda phone: phone.e164,
    "digits": lambda phone: phone.digits,
}


def grouping(mode: str, split: str) -> Callable[[Message], tuple[Any, ...]] | None:
    """Return what tells messages apart that may not share a call; None when all may.

    The key never depends on the other messages.
    """

    def by_country(message: Message) -> tuple[Any, ...]:
        return (message.phone.e164.startswith("+861"),) if split == "by_country" else ()

    if mode == "single":
        return lambda message: (message.ref,)
    if mode == "same_text":
        return lambda message: (*by_country(message), message.text)
    if mode == "same_vars":
        return lambda message: (*by_country(message), tuple(sorted(message.params.items())))
    return by_country if split != "none" else None
