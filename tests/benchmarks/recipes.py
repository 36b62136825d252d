"""Building and reading one call by a recipe, beside hand-written Python for the same vendor."""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import NamedTuple
from urllib.parse import quote_plus, urlencode

from pydantic import SecretStr

from bridge.plugin import (
    Batch,
    Channel,
    Message,
    SubmitResult,
    TemplateType,
    TextTemplate,
    accepted,
    rejected,
    unknown,
)
from bridge.plugin.phone import parse
from bridge.plugin.text import gsm7
from bridge_http.answer.errors import VendorAnswer
from bridge_http.bench import NoHistory, RequestRecorder
from bridge_http.settings import HttpSettings
from bridge_http.vendor import HttpVendor

from .table import Line, milliseconds

LIMIT = 3.0
RECIPIENTS = 500
ROUNDS = 40
HOOK = "https://sms.example.com/hooks/promo/token"

TEMPLATE = TextTemplate(
    "T1", "Sale", "Hi ${name}, code ${code}", TemplateType.PROMOTION, "", ("name", "code"), "Acme", "V1"
)
MESSAGES = tuple(
    Message(
        f"m{index}",
        parse(str(13_800_138_000 + index), TemplateType.PROMOTION),
        {"name": f"张三{index}", "code": str(index)},
        f"Hi 张三{index}, code {index}",
    )
    for index in range(RECIPIENTS)
)
BATCH = Batch("b1", "task1", "Acme", TEMPLATE, MESSAGES, datetime(2026, 11, 1, tzinfo=UTC))

Hand = Callable[[], tuple[bytes, list[SubmitResult]]]


def yunpian() -> tuple[HttpSettings, bytes, Hand]:
    """Texts encoded one by one inside a form; results by place."""
    entries = [
        {"code": 0, "count": 1, "mobile": m.phone.national, "msg": "ok", "sid": 10**17} for m in MESSAGES
    ]
    answer = json.dumps({"total_count": RECIPIENTS, "data": entries}).encode()

    def hand() -> tuple[bytes, list[SubmitResult]]:
        form = {
            "apikey": "s3cret",
            "mobile": ",".join(message.phone.national for message in MESSAGES),
            "text": ",".join(quote_plus("【Acme】" + message.text) for message in MESSAGES),
            "callback_url": f"{HOOK}/receipt",
        }
        found = json.loads(answer)["data"]
        return urlencode(form).encode(), [
            accepted(str(item["sid"])) if item["code"] == 0 else rejected(str(item["code"]), item["msg"])
            for item in found
        ]

    return HttpSettings(recipe="yunpian", secrets={"apikey": SecretStr("s3cret")}), answer, hand


def huawei() -> tuple[HttpSettings, bytes, Hand]:
    """Template and values per recipient as JSON; results by number."""
    entries = [
        {
            "originTo": m.phone.e164,
            "createTime": "2026-11-01T00:00:00Z",
            "smsMsgId": m.ref,
            "status": "000000",
        }
        for m in MESSAGES
    ]
    answer = json.dumps({"code": "000000", "result": entries}).encode()

    def hand() -> tuple[bytes, list[SubmitResult]]:
        content = [
            {
                "to": [message.phone.e164],
                "templateId": TEMPLATE.vendor_code,
                "templateParas": [message.params[name] for name in TEMPLATE.variables],
                "signature": "Acme",
            }
            for message in MESSAGES
        ]
        body = {"from": "csms1", "statusCallback": f"{HOOK}/receipt", "extend": "b1", "smsContent": content}
        found = {item["originTo"]: item for item in json.loads(answer)["result"]}
        return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode(), _by_name(
            [found.get(message.phone.e164) for message in MESSAGES], "smsMsgId", "status", ("000000",)
        )

    settings = HttpSettings(
        recipe="huawei_wsse",
        templates={},
        base_url="https://smsapi.example",
        secrets={"key": SecretStr("k"), "secret": SecretStr("s3cret")},
        values={"channels": {"Acme": "csms1"}},
    )
    return settings, answer, hand


def bulksms() -> tuple[HttpSettings, bytes, Hand]:
    """Return an own text and reference per recipient as JSON; results by reference."""
    entries = [{"id": m.ref, "status": {"type": "ACCEPTED"}, "userSuppliedId": m.ref} for m in MESSAGES]
    answer = json.dumps(entries).encode()

    def hand() -> tuple[bytes, list[SubmitResult]]:
        body = []
        for message in MESSAGES:
            text = "【Acme】" + message.text
            body.append(
                {
                    "to": [{"type": "INTERNATIONAL", "address": message.phone.e164}],
                    "body": text,
                    "encoding": "TEXT" if gsm7(text) else "UNICODE",
                    "longMessageMaxParts": message.segments,
                    "deliveryReports": "ALL",
                    "userSuppliedId": message.ref,
                }
            )
        found = {item["userSuppliedId"]: {**item, **item["status"]} for item in json.loads(answer)}
        return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode(), _by_name(
            [found.get(message.ref) for message in MESSAGES], "id", "type", ("ACCEPTED", "SENT")
        )

    secrets = {"id": SecretStr("i"), "secret": SecretStr("s3cret")}
    return HttpSettings(recipe="bulksms", secrets=secrets), answer, hand


def _by_name(
    items: Sequence[dict[str, str] | None], name: str, status: str, good: Sequence[str]
) -> list[SubmitResult]:
    results = []
    for item in items:
        if item is None:
            results.append(unknown("no entry"))
        elif item[status] in good:
            results.append(accepted(item[name]))
        else:
            results.append(rejected(item[status], ""))
    return results


def measured(*works: Callable[[], object]) -> list[float]:
    """The best CPU time of each, taken in turn, so that a busy machine weighs on all alike; seconds."""
    best = [float("inf")] * len(works)
    for _ in range(ROUNDS):
        for index, work in enumerate(works):
            began = time.process_time()
            work()
            best[index] = min(best[index], time.process_time() - began)
    return best


CASES = (yunpian, huawei, bulksms)


class Compared(NamedTuple):
    """CPU seconds of one call by the recipe and by hand, with the same bytes and the same results."""

    name: str
    recipe_s: float
    python_s: float

    @property
    def ratio(self) -> float:
        """How many times slower the recipe is."""
        return self.recipe_s / self.python_s


def beside_python(case: Callable[[], tuple[HttpSettings, bytes, Hand]]) -> Compared:
    """Measure one vendor, without the network."""
    settings, content, hand = case()
    channel = Channel("promo", "Promo", settings, NoHistory(), hook_url=HOOK)
    recorder = RequestRecorder(VendorAnswer(201 if case is bulksms else 200, {}, content))
    vendor = HttpVendor(channel, recorder)
    body, results = hand()
    assert list(vendor.send_batch(channel, BATCH)) == results
    assert recorder.built[0].body == body
    recorder.built.clear()
    return Compared(case.__name__, *measured(lambda: vendor.send_batch(channel, BATCH), hand))


def lines() -> Iterator[Line]:
    """Yield one for each vendor."""
    for case in CASES:
        found = beside_python(case)
        yield Line(
            f"a call of {RECIPIENTS} by the recipe {found.name}",
            "",
            milliseconds(found.recipe_s),
            f"{milliseconds(found.python_s)} by hand",
            1 / found.ratio,
            found.recipe_s / RECIPIENTS * 1e6,
            f"within {LIMIT:.0f} times",
            found.ratio < LIMIT,
            f"{found.ratio:.2f} times",
        )
