"""Hostile values through every recipe: read at a server as the vendor would, or that recipient is refused."""

import base64
import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, quote, unquote_plus, urlsplit

import pytest

from bridge.plugin import Batch, Message, Outcome, TemplateType
from bridge.plugin.text import gsm7
from bridge_http.reading import load

from .making import batch_of, vendor_for
from .test_calling import running

FOLDER = Path(__file__).parents[3] / "config" / "recipes"
HOSTILE = [
    *('"', "'", "\\", "\n", "\r\nX-Evil: 1", ",", ";", "&a=b", "=", "%41", "%252C", "+", "~", "<", "|", "`"),
    *(
        "😀",
        "名",
        "é",
        "{{ 7*7 }}",
        "{% raw %}",
        "{{ secret.key }}",
        "#x#",
        "${code}",
        "@var(code)",
        "{$var}",
    ),
    *("{1}", "00123", "13900001111", "1_000", "1e3", "true", "null", " blank ", "", "\u2028", "\x00", "\t"),
    *("</sms>", "<![CDATA[", "】【Evil】", "x" * 2000, "\ud800"),
]
NO_UNICODE = "\ud800"  # a lone surrogate: no charset can write it
CLEAN = "Li Lei"


class Seen(NamedTuple):
    """A request as the server got it."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def form(self) -> dict[str, str]:
        """The fields of the body."""
        return dict(parse_qsl(self.body.decode(), keep_blank_values=True, strict_parsing=True))

    @property
    def query(self) -> dict[str, str]:
        """The fields of the address."""
        return dict(parse_qsl(urlsplit(self.path).query, keep_blank_values=True, strict_parsing=True))

    @property
    def json(self) -> Any:
        """The JSON body."""
        return json.loads(self.body)


Pairs = Iterable[tuple[str, Any]]
Reading = Callable[[Seen], Pairs]
"""Numbers and what the vendor reads for each."""


def one(number: str, text: str) -> Reading:
    """Return a form with one recipient."""
    return lambda seen: [(seen.form[number], seen.form[text])]


def several(numbers: str, text: str) -> Reading:
    """Return a form with one text for numbers between commas."""
    return lambda seen: [(number, seen.form[text]) for number in seen.form[numbers].split(",")]


def huawei(seen: Seen) -> Pairs:
    """Values in order, per recipient."""
    return [(entry["to"][0], entry["templateParas"]) for entry in seen.json["smsContent"]]


def chuanglan_v1(seen: Seen) -> Pairs:
    """`number,value,value;number,value,value`."""
    for row in seen.json["params"].split(";"):
        number, *values = row.split(",")
        yield number, values


def chuanglan_v2(seen: Seen) -> Pairs:
    """Numbers between commas, and their values as JSON in a text."""
    numbers = seen.json["phoneNumbers"].split(",")
    return zip(numbers, json.loads(seen.json["templateParamJson"]), strict=True)


def yunpian(seen: Seen) -> Pairs:
    """Texts encoded one by one, then joined by commas."""
    texts = [unquote_plus(text) for text in seen.form["text"].split(",")]
    return zip(seen.form["mobile"].split(","), texts, strict=True)


def jasmin(seen: Seen) -> Pairs:
    """Plain text, or UTF-16 in hex."""
    form = seen.form
    text = (
        form["content"] if form["coding"] == "0" else bytes.fromhex(form["hex-content"]).decode("utf-16-be")
    )
    return [(form["to"], text)]


def msg91(seen: Seen) -> Pairs:
    """Values by name, and the number among them."""
    for recipient in seen.json["recipients"]:
        yield recipient["mobiles"], {name: value for name, value in recipient.items() if name != "mobiles"}


def sinch(seen: Seen) -> Pairs:
    """Values by name, then by number."""
    given = seen.json["parameters"]
    return [(number, {name: given[name][number] for name in given}) for number in seen.json["to"]]


def ucloud(seen: Seen) -> Pairs:
    """Return a list of tasks as JSON in base64."""
    tasks = json.loads(base64.b64decode(seen.form["TaskContent"]))
    return [
        (target["Phone"].partition(")")[2], target["TemplateParams"])
        for task in tasks
        for target in task["Target"]
    ]


def text(message: Message) -> Any:
    """Return the rendered text."""
    return message.text


def signed(message: Message) -> Any:
    """Return the rendered text behind the signature."""
    return "【Acme】" + message.text


def bracketed(message: Message) -> Any:
    """Return the same to international numbers, where the brackets are plain."""
    return "[Acme]" + message.text


def signed_behind(message: Message) -> Any:
    """Return the rendered text before the signature."""
    return message.text + "【Acme】"


def named(message: Message) -> Any:
    """Return the values by name."""
    return dict(message.params)


def numbered(message: Message) -> Any:
    """Return the values under numbered names."""
    return {f"param{number}": value for number, value in enumerate(message.params.values(), 1)}


def thrice(message: Message) -> Any:
    """Return the text, percent-encoded twice more when it is not GSM-7."""
    return message.text if gsm7(message.text) else quote(quote(message.text, safe=""), safe="")


def ordered(message: Message) -> Any:
    """Return the values in order."""
    return list(message.params.values())


# recipe: (how the vendor reads a call, what it must find, what is refused beside a lone surrogate)
RECIPES: dict[str, tuple[Reading, Callable[[Message], Any], set[str]]] = {
    "46elks": (one("to", "message"), text, set()),
    "africastalking": (several("to", "message"), text, set()),
    "aws": (
        lambda seen: [(seen.json["DestinationPhoneNumber"], seen.json["MessageBody"])],
        text,
        {value for value in HOSTILE if len(value) > 1500},
    ),
    "azure": (
        lambda seen: [(to["to"], seen.json["message"]) for to in seen.json["smsRecipients"]],
        text,
        {value for value in HOSTILE if len(value) > 2048},
    ),
    "baidu": (
        lambda seen: [(n, seen.json["contentVar"]) for n in seen.json["mobile"].split(",")],
        named,
        set(),
    ),
    "bulksms": (lambda seen: [(m["to"][0]["address"], m["body"]) for m in seen.json], bracketed, set()),
    "chuanglan_v1": (chuanglan_v1, ordered, {",", ";"}),
    "chuanglan_v2": (chuanglan_v2, numbered, set()),
    "clickatell": (lambda seen: [(m["to"], m["content"]) for m in seen.json["messages"]], bracketed, set()),
    "clicksend": (lambda seen: [(m["to"], m["body"]) for m in seen.json["messages"]], text, set()),
    "cm": (
        lambda seen: [(m["to"][0]["number"], m["body"]["content"]) for m in seen.json["messages"]["msg"]],
        text,
        set(),
    ),
    "huawei": (huawei, ordered, {""}),
    "huawei_wsse": (huawei, ordered, {""}),
    "infobip": (
        lambda seen: [(m["destinations"][0]["to"], m["content"]["text"]) for m in seen.json["messages"]],
        text,
        set(),
    ),
    "jasmin": (jasmin, text, set()),
    "kannel": (lambda seen: [(seen.query["to"], seen.query["text"])], text, set()),
    "luosimao": (several("mobile_list", "message"), signed_behind, set()),
    "messagebird": (lambda seen: [(n, seen.json["body"]) for n in seen.json["recipients"]], text, set()),
    "msg91": (msg91, named, set()),
    "plivo": (lambda seen: [(n, seen.json["text"]) for n in seen.json["dst"].split("<")], text, set()),
    "qiniu": (lambda seen: [(seen.json["mobile"], seen.json["parameters"])], named, set()),
    "sinch": (sinch, named, {value for value in HOSTILE if len(value) > 160}),
    "smsglobal": (one("to", "text"), thrice, set()),
    "submail": (lambda seen: [(m["to"], m["vars"]) for m in json.loads(seen.form["multi"])], named, set()),
    "telnyx": (lambda seen: [(seen.json["to"], seen.json["text"])], text, set()),
    "tencent": (
        lambda seen: [(n, seen.json["TemplateParamSet"]) for n in seen.json["PhoneNumberSet"]],
        ordered,
        set(),
    ),
    "ucloud": (ucloud, ordered, set()),
    "volcengine": (
        lambda seen: [(m["PhoneNumber"], json.loads(m["TemplateParam"])) for m in seen.json["Messages"]],
        named,
        set(),
    ),
    "vonage": (one("to", "text"), text, set()),
    "yunpian": (yunpian, signed, set()),
    "yunxin": (
        lambda seen: [(n, json.loads(seen.form["paramMap"])) for n in json.loads(seen.form["mobiles"])],
        named,
        set(),
    ),
}


def test_no_recipe_is_left_out() -> None:
    """A new recipe needs a row here."""
    assert {path.stem for path in FOLDER.glob("*.toml")} == RECIPES.keys()


def batch_for(international: bool) -> Batch:
    """Return every hostile value, with a clean one before and behind."""
    values = [{"name": value, "code": "0123"} for value in (CLEAN, *HOSTILE, CLEAN)]
    first = 447_700_900_000 if international else 13_800_138_000
    return batch_of(
        *values,
        content="Hi ${name}, ${code}.",
        phones=[str(first + index) for index in range(len(values))],
        type_=TemplateType.INTERNATIONAL if international else TemplateType.PROMOTION,
        vendor_code="10001",
    )


@pytest.mark.parametrize("name", sorted(RECIPES))
def test_a_hostile_value_arrives_intact_or_refuses_its_recipient(name: str) -> None:
    """Read at the other end of a connection, number by number."""
    read, wanted, refused = RECIPES[name]
    recipe = load(FOLDER / f"{name}.toml")
    batch = batch_for(recipe.sample.international)
    with running((500, {}, b"")) as server:
        vendor = vendor_for(
            name,
            base_url=server.url,
            allow_private=True,
            secrets={
                secret: recipe.sample.secrets.get(secret, f"s3cret-{secret}") for secret in recipe.secrets
            },
            values={name: f"v-{name}" for name in recipe.required} | recipe.sample.settings,
        )
        results = vendor.send_batch(vendor.channel, batch)
        vendor.close()
    requests = [Seen(*each) for each in server.seen]
    got = {number.removeprefix("+")[-10:]: found for seen in requests for number, found in read(seen)}
    assert all("X-Evil" not in seen.headers for seen in requests)
    for message, result in zip(batch.messages, results, strict=True):
        value, number = message.params["name"], message.phone.digits[-10:]
        if value in {*refused, NO_UNICODE}:
            assert (result.outcome, result.code) == (Outcome.REJECTED, "UNSENDABLE_VALUE"), ascii(value)
            assert number not in got
        else:
            assert result.outcome is Outcome.UNKNOWN, ascii((value, result.reason))
            assert got[number] == wanted(message), ascii(value)
