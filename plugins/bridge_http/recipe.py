"""From a TOML file to a compiled vendor; every fault of the file is reported at once."""

import os
import sysconfig
import tomllib
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pydantic import BaseModel, ValidationError

from .answers import ErrorTable, Judge, SendReader
from .faults import Fault, RecipeFaults
from .paths import Path as Getter
from .paths import compile_path, compile_test
from .records import Clock, RecordReader, check_words
from .requesting import Plan, compile_request
from .schema import Operation, Recipe, Response
from .schema_auth import Scheme, Token
from .schema_base import Table
from .schema_reports import Poll
from .schema_request import Request
from .schema_samples import Sample, SampleDefaults
from .values import PENDING_FIELDS, RECIPIENT_FIELDS, TEMPLATE_FIELDS
from .webhooks import WebhookReader

Known = Mapping[str, frozenset[str] | None]

_SENDS = ("send_text", "send_digital", "lookup")
_SHARED = "share/qa-sms-bridge/config/recipes"
_TOKEN = "token"  # noqa: S105 - the name of a table


def find(recipe: str) -> Path:
    """The file of a recipe: a path when it ends in .toml, else a name in a folder of recipes.

    Raises RecipeFaults.
    """
    if recipe.endswith(".toml"):
        if Path(recipe).is_file():
            return Path(recipe)
        raise RecipeFaults(recipe, [Fault("", "there is no such file")])
    known = known_recipes()
    if recipe in known:
        return known[recipe]
    there = f"there are {', '.join(sorted(known))}" if known else "there is none at all"
    raise RecipeFaults(recipe, [Fault("", f"there is no recipe of this name; {there}")])


def known_recipes() -> dict[str, Path]:
    """Every recipe that can be named, with its file; of two with one name the first folder's counts."""
    return {
        path.stem: path for folder in reversed(folders_of_recipes()) for path in sorted(folder.glob("*.toml"))
    }


def folders_of_recipes() -> list[Path]:
    """Where recipes are looked for, in order.

    First `recipes` beside the configuration file (SMS_BRIDGE_CONFIG), where an operator's own belong; then
    `config/recipes` here and in this copy of the repository; then where an installation puts them: beside
    the interpreter, beside a user's packages, or beside packages that were given a folder of their own.
    """
    config = os.environ.get("SMS_BRIDGE_CONFIG", "config/bridge.toml")
    here = Path(__file__).resolve().parents
    user = sysconfig.get_path("data", sysconfig.get_preferred_scheme("user"))
    installed = [Path(root, _SHARED) for root in (sysconfig.get_path("data"), user, here[1])]
    own = (Path(config).parent / "recipes", Path("config/recipes"), here[2] / "config" / "recipes")
    return list(dict.fromkeys((*own, *installed)))


def load(path: Path) -> Recipe:
    """Read and validate a file; raises RecipeFaults with every fault of its form."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except UnicodeDecodeError:
        raise RecipeFaults(str(path), [Fault("", "is not text in UTF-8")]) from None
    except OSError as problem:
        raise RecipeFaults(str(path), [Fault("", f"cannot be read: {problem.strerror}")]) from None
    except tomllib.TOMLDecodeError as problem:
        raise RecipeFaults(str(path), [Fault("", f"is not TOML: {problem}")]) from None
    try:
        return Recipe.model_validate(table)
    except ValidationError as problem:
        raise RecipeFaults(str(path), [_fault(error) for error in problem.errors()]) from None


def _fault(error: Any) -> Fault:
    parts: list[str] = []
    before: str | int = ""
    for part in error["loc"]:
        # The scheme's name that pydantic puts behind these is no key of the file.
        if before not in ("auth", "sign", "verify"):
            parts.append(f"[{part}]" if isinstance(part, int) else f".{part}")
        before = part
    key = "".join(parts).removeprefix(".")
    return Fault(key, _reason(error, str(before)))


def _reason(error: Any, name: str) -> str:
    """pydantic's message in the words of someone who writes TOML."""
    kind, context = error["type"], error.get("ctx", {})
    if kind == "extra_forbidden":
        near = get_close_matches(name, [key for key in KEYS if key != name], 1)
        return "is not a key a recipe has here" + (f"; did you mean {near[0]}?" if near else "")
    if kind == "literal_error":
        return f"{error['input']!r} is none of {context['expected']}"
    if kind == "union_tag_invalid":
        return f"scheme: {context['tag']!r} is none of {context['expected_tags']}"
    if kind == "string_pattern_mismatch":
        return f"does not fit {context['pattern']}"
    known = {
        "missing": "is missing",
        "string_type": "must be a text, in quotes",
        "list_type": "must be a list, in [ ]",
        "dict_type": "must be a table",
        "model_type": "must be a table",
        "bool_type": "must be true or false",
        "int_type": "must be a whole number, without quotes",
        "float_type": "must be a number, without quotes",
        "union_tag_not_found": "needs `scheme`",
    }
    return known.get(kind) or error["msg"].removeprefix("Value error, ")


def _keys(model: type[BaseModel]) -> Iterator[str]:
    for kind in model.__subclasses__():
        yield from (field.alias or name for name, field in kind.model_fields.items())
        yield from _keys(kind)


KEYS = sorted({*_keys(Table), *_keys(Scheme)})
"""Every key of every table, for suggestions."""


class CompiledOperation:
    """An operation's request and the readers of its answer."""

    def __init__(
        self, plan: Plan | None, operation: Operation, recipe: Recipe, rules: ErrorTable, key: str
    ) -> None:
        self.faults: list[Fault] = []
        self.plan = plan
        key = f"{key}.response"
        response, charset = operation.response, operation.request.charset
        self.reader = SendReader(response, rules, charset, key, self.faults)
        self.judge = self.reader.judge
        self.response = response
        self.each = operation.each
        self.clock = Clock(response.time, recipe.plugin.timezone)
        self.vendor_code = compile_path(response.vendor_code, f"{key}.vendor_code", self.faults)
        self.status = compile_path(response.status, f"{key}.status", self.faults)
        self.reason = compile_path(response.reason, f"{key}.reason", self.faults)
        self.created = compile_path(response.created, f"{key}.created", self.faults)
        self.carriers: dict[str, Getter] = {
            carrier: compile_path(path, f"{key}.carriers.{carrier}", self.faults)
            for carrier, path in response.carriers.items()
        }


class CompiledPoll:
    """A poll's request and the readers of its pages."""

    def __init__(
        self,
        kind: str,
        poll: Poll,
        plan: Plan | None,
        recipe: Recipe,
        rules: ErrorTable,
        faults: list[Fault],
    ) -> None:
        key = f"poll.{kind}"
        check_words(poll, kind, key, faults)
        self.poll = poll
        self.plan = plan
        always = [{"path": "status", "matches": "^2"}]
        response = Response.model_validate(
            {
                "decode": poll.decode,
                "accepted": [c.model_dump(by_alias=True, exclude_none=True) for c in poll.accepted] or always,
                "code": poll.code,
                "message": poll.message,
            }
        )
        self.judge = Judge(response, rules, poll.request.charset, key, faults)
        self.records = RecordReader(poll, rules, recipe.phone, recipe.plugin.timezone, key, faults)
        self.until = compile_test(poll.until, f"{key}.until", faults) if poll.until else None
        self.cursor = compile_path(poll.cursor, f"{key}.cursor", faults)


class Compiled:
    """A recipe ready to work for one channel. Raises RecipeFaults with every fault of the file.

    `secrets` are the channel's, by name; they are kept out of what vendors' answers tell.
    """

    def __init__(
        self, recipe: Recipe, file: str, base_url: str = "", secrets: Mapping[str, str] | None = None
    ) -> None:
        self.recipe = recipe
        self.rules = ErrorTable(recipe.errors, secrets or {})
        faults: list[Fault] = []
        self.base_url = _base_url(base_url or recipe.plugin.base_url or "https://vendor.invalid", faults)
        self._names = self._common()
        self.operations = {
            name: self._operation(name, op, faults) for name, op in recipe.operations.present().items()
        }
        self.token = self._token(faults)
        self.polls = {
            kind: self._poll(kind, poll, faults)
            for kind in ("receipt", "reply")
            if (poll := getattr(recipe.poll, kind)) is not None
        }
        hook_names = {
            name: dict.fromkeys(keys or ())
            for name, keys in self._names.items()
            if name in ("secret", "settings")
        }
        self.webhooks = {
            name: WebhookReader(name, webhook, recipe, self.rules, hook_names, faults)
            for name, webhook in recipe.webhooks.items()
        }
        faults += _sample_faults(recipe)
        if not recipe.operations.present():
            faults.append(Fault("operations", "there is none: a recipe needs at least send_text"))
        if faults:
            raise RecipeFaults(file, faults)

    def _common(self) -> dict[str, frozenset[str] | None]:
        recipe = self.recipe
        return {
            "secret": frozenset(recipe.secrets),
            "settings": frozenset(recipe.settings) | frozenset(recipe.required),
            "callback": frozenset(recipe.webhooks),
            "now": None,
            "nonce": None,
        }

    def _names_of(self, operation: str) -> Known:
        sign = {"sign_name": None, "sign_prefix": None}
        template = {"template": TEMPLATE_FIELDS, **sign}
        if operation in _SENDS:
            known: dict[str, frozenset[str] | None] = {
                "recipients": None,
                "r": RECIPIENT_FIELDS,
                "batch_ref": None,
                "out_id": None,
                "called_at": None,
                "idempotency": frozenset({"text", "int31"}),
                **template,
            }
            return {**self._names, **known}
        if operation == "sign_query":
            return {**self._names, **sign}
        if operation == "check":
            return self._names
        return {**self._names, **template}

    def _operation(self, name: str, operation: Operation, faults: list[Fault]) -> CompiledOperation:
        key = f"operations.{name}"
        plan = self._request(operation.request, self._names_of(name), f"{key}.request", faults)
        compiled = CompiledOperation(plan, operation, self.recipe, self.rules, key)
        faults += compiled.faults
        faults += _missing_parts(name, operation.response, key)
        if operation.each and name != "lookup":
            faults.append(Fault(f"{key}.each", "is for lookup: how messages are sent is said by batch.mode"))
        if operation.needs and operation.needs not in (self._names["settings"] or ()):
            faults.append(Fault(f"{key}.needs", f"there is no setting {operation.needs!r}"))
        return compiled

    def _poll(self, kind: str, poll: Poll, faults: list[Fault]) -> CompiledPoll:
        known: dict[str, frozenset[str] | None] = {"since": None, "until": None, "cursor": None}
        if poll.each:
            known["p"] = PENDING_FIELDS
        plan = self._request(poll.request, {**self._names, **known}, f"poll.{kind}.request", faults)
        return CompiledPoll(kind, poll, plan, self.recipe, self.rules, faults)

    def _request(self, own: Request, names: Known, key: str, faults: list[Fault]) -> Plan | None:
        shared = self.recipe.requests
        whole = shared.added_to(own)
        if isinstance(whole.auth, Token):
            names = {**names, _TOKEN: None}
        found: list[Fault] = []
        plan = compile_request(whole, names, self.base_url, key, found)
        # What all requests share is told once, under the key it has in the file.
        faults += [
            Fault(f"requests.{place}", reason)
            if shared.holds(place := fault_key.removeprefix(f"{key}."), own)
            else Fault(fault_key, reason)
            for fault_key, reason in found
        ]
        return plan

    def requests(self) -> list[Request]:
        """Every request of the recipe."""
        operations = [operation.request for operation in self.recipe.operations.present().values()]
        polls = [
            poll.request for poll in (self.recipe.poll.receipt, self.recipe.poll.reply) if poll is not None
        ]
        return [self.recipe.requests.added_to(request) for request in operations + polls]

    def _token(self, faults: list[Fault]) -> "TokenPlan | None":
        schemes = list(
            dict.fromkeys(r.auth.model_dump_json() for r in self.requests() if isinstance(r.auth, Token))
        )
        if len(schemes) > 1:
            faults.append(Fault("operations", "all requests must fetch their token in the same way"))
        scheme = next((r.auth for r in self.requests() if isinstance(r.auth, Token)), None)
        return (
            TokenPlan(scheme, self._names, self.base_url, self.rules, faults) if scheme is not None else None
        )


class TokenPlan:
    """How a token is fetched and read."""

    def __init__(
        self, scheme: Token, names: Known, base_url: str, rules: ErrorTable, faults: list[Fault]
    ) -> None:
        auth = (
            {"scheme": "basic", "user": scheme.basic[0], "password": scheme.basic[1]}
            if len(scheme.basic) == 2
            else None
        )
        body = {"json": scheme.json_} if scheme.json_ is not None else {"form": scheme.form or {}}
        request = Request.model_validate({"path": scheme.path, **body, **({"auth": auth} if auth else {})})
        self.plan = compile_request(request, names, base_url, "auth.token", faults)
        self.token = compile_path(scheme.token, "auth.token.token", faults)
        self.expires = compile_path(scheme.expires, "auth.token.expires", faults)
        self.early_s = scheme.early_s
        response = Response.model_validate({"accepted": [{"path": scheme.token, "present": True}]})
        self.judge = Judge(response, rules, "utf-8", "auth.token", faults)


def _base_url(url: str, faults: list[Fault]) -> str:
    try:
        parts = urlsplit(url)
        number = parts.port
    except ValueError:
        parts, number = urlsplit(""), None
    if (
        parts.scheme not in ("https", "http")
        or not parts.hostname
        or parts.username is not None
        or parts.query
    ):
        faults.append(Fault("plugin.base_url", "is not an address such as https://api.vendor.example"))
        return "https://vendor.invalid"
    default = {"https": 443, "http": 80}[parts.scheme]
    port = f":{number}" if number not in (None, default) else ""
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{parts.scheme}://{host}{port}{parts.path.rstrip('/')}"


def _missing_parts(name: str, response: Response, key: str) -> list[Fault]:
    """What an operation's answer must tell beyond being accepted."""
    faults = []
    if (
        name in ("template_query", "digital_query", "sign_query")
        and not response.status
        and not response.carriers
    ):
        faults.append(Fault(f"{key}.response.status", "is missing: a query needs it"))
    if (response.status or response.carriers) and not response.status_map:
        faults.append(Fault(f"{key}.response.status_map", "is missing: say what the vendor's words mean"))
    if name == "lookup" and response.items is None:
        faults.append(Fault(f"{key}.response.items", "is missing: a look-up needs it"))
    return faults


def _sample_faults(recipe: Recipe) -> Iterator[Fault]:
    """Samples that cannot fail, and names they give a value that the recipe does not have."""
    for number, sample in enumerate(recipe.samples):
        key = f"samples[{number}]"
        if bool(sample.call) == bool(sample.webhook):
            yield Fault(key, "needs either `call` or `webhook`")
        elif (
            sample.call and not sample.request and sample.results is sample.receipts is sample.replies is None
        ):
            yield Fault(key, "expects nothing: give it `request`, `results`, `receipts` or `replies`")
    tables: list[tuple[str, Sample | SampleDefaults]] = [("sample", recipe.sample)]
    tables += [(f"samples[{number}]", sample) for number, sample in enumerate(recipe.samples)]
    for key, table in tables:
        for name in table.secrets.keys() - recipe.secrets.keys():
            yield Fault(f"{key}.secrets.{name}", "is not a secret of this recipe")
        for name in table.settings.keys() - recipe.settings.keys() - recipe.required.keys():
            yield Fault(f"{key}.settings.{name}", "is not a setting of this recipe")
