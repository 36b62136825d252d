"""Small recipes, channels and batches for these tests."""

import tomllib
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from bridge.plugin import Batch, Channel, Message, TemplateType, TextTemplate
from bridge.plugin.phone import parse
from bridge.plugin.text import TextContent
from bridge_http.answer.errors import VendorAnswer
from bridge_http.bench import NoHistory
from bridge_http.recipe import Compiled
from bridge_http.request.building import Built
from bridge_http.request.calling import Caller
from bridge_http.request.naming import Namer
from bridge_http.schema import Recipe
from bridge_http.settings import HttpSettings
from bridge_http.vendor import HttpVendor

NOW = 1_793_500_000
HEAD = """
[vendor]
name = "acme"
title = "Acme"
base_url = "https://api.acme.example"
timezone = "Asia/Shanghai"
checked = "nothing"
unchecked = "everything"
[secrets]
key = "the key"
"""
SEND = """
[operations.send_batch.request]
path = "/send"
[operations.send_batch.request.json]
to = "=recipients | map(attribute='phone') | list"
[operations.send_batch.response]
accepted = [{ path = "body.ok", in = ["true"] }]
code = "body.code"
message = "body.message"
batch_id = "body.id"
"""


def compiled(text: str) -> Compiled:
    """Return a recipe from TOML text, compiled."""
    return Compiled(Recipe.model_validate(tomllib.loads(text)), "acme.toml")


class Script:
    """A vendor that gives its answers in order (or raises them) and remembers the requests."""

    def __init__(self, *answers: VendorAnswer | Exception | Callable[[Built], VendorAnswer]) -> None:
        self.answers = list(answers)
        self.built: list[Built] = []

    def __call__(self, built: Built) -> VendorAnswer:
        """Return the next answer; the last one again when there are no more."""
        self.built.append(built)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, VendorAnswer) else answer(built)

    def close(self) -> None:
        """Nothing to close."""


def channel_for(settings: HttpSettings, *, history: Any = None, allow_private: bool = False) -> Channel:
    """Return a channel with a webhook address."""
    return Channel(
        "promo",
        "Promo",
        settings,
        history or NoHistory(),
        hook_url="https://sms.example.com/hooks/promo/token",
        allow_private=allow_private,
    )


def vendor_for(
    path: Path | str, caller: Caller | None = None, *, now: Callable[[], float] | None = None, **settings: Any
) -> HttpVendor:
    """Return the vendor of a recipe file, with a frozen clock and nonce."""
    history, private = settings.pop("history", None), settings.pop("allow_private", False)
    secrets = {name: SecretStr(value) for name, value in settings.pop("secrets", {"key": "s3cret"}).items()}
    settings.setdefault("templates", {})
    model = HttpSettings(recipe=str(path), secrets=secrets, **settings)
    channel = channel_for(model, history=history, allow_private=private)
    namer = Namer(
        model.compiled.recipe,
        {name: secret.get_secret_value() for name, secret in secrets.items()},
        model.values,
        channel.hook_url,
        clock=now or (lambda: NOW),
        nonce=lambda: "0123456789abcdef0123456789abcdef",
        codes=model.templates or {},
    )
    return HttpVendor(channel, caller, namer)


def batch_of(
    *values: dict[str, str],
    content: str = "Hello ${name}",
    phones: Sequence[str] = (),
    sign_name: str = "Acme",
    called_at: datetime | None = None,
    type_: TemplateType = TemplateType.PROMOTION,
    vendor_code: str = "V1",
) -> Batch:
    """Return a batch with one message per set of values."""
    text = TextContent(content)
    template = TextTemplate("T1", "Sale", content, type_, "A sale", text.variables, sign_name, vendor_code)
    numbers = phones or [str(13_800_138_000 + index) for index in range(len(values))]
    messages = tuple(
        Message(f"m{index}", parse(number, type_), params, text.render(params))
        for index, (number, params) in enumerate(zip(numbers, values, strict=True), 1)
    )
    moment = called_at or datetime.fromtimestamp(NOW, UTC)
    return Batch("b1", "task1", sign_name, template, messages, moment)


def answer(body: bytes | str = b"", status: int = 200, **headers: str) -> VendorAnswer:
    """Return an answer; header names may be written with underscores."""
    content = body.encode() if isinstance(body, str) else body
    return VendorAnswer(status, {name.replace("_", "-"): value for name, value in headers.items()}, content)
