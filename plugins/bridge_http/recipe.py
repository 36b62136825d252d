"""From a TOML file to a compiled vendor; every fault of the file is reported at once."""

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pydantic import ValidationError

from .answers import Judge, SendReader
from .faults import Fault, RecipeFaults
from .paths import Path as Getter
from .paths import compile_path, compile_test
from .records import Clock, RecordReader, check_words
from .requesting import Plan, compile_request
from .schema import Operation, Recipe, Response
from .schema_auth import Token
from .schema_reports import Poll
from .schema_request import Request
from .values import PENDING_FIELDS, RECIPIENT_FIELDS, TEMPLATE_FIELDS
from .webhooks import WebhookReader

Known = Mapping[str, frozenset[str] | None]

_SENDS = ("send_text", "send_digital", "lookup")
_TOKEN = "token"  # noqa: S105 - the name of a table


def find(recipe: str) -> Path:
    """The file of a recipe: a path when it ends in .toml, else a name in a folder of recipes.

    The folders are `recipes` beside the configuration file (SMS_BRIDGE_CONFIG), then `config/recipes` here
    and beside this package. Raises RecipeFaults.
    """
    if recipe.endswith(".toml"):
        if Path(recipe).is_file():
            return Path(recipe)
        raise RecipeFaults(recipe, [Fault("", "there is no such file")])
    folders = [folder for folder in folders_of_recipes() if folder.is_dir()]
    for folder in folders:
        if (folder / f"{recipe}.toml").is_file():
            return folder / f"{recipe}.toml"
    places = ", ".join(str(folder) for folder in folders) or "config/recipes"
    raise RecipeFaults(recipe, [Fault("", f"there is no recipe of this name in {places}")])


def folders_of_recipes() -> list[Path]:
    """Where recipes are looked for, in order."""
    config = os.environ.get("SMS_BRIDGE_CONFIG", "config/bridge.toml")
    here = Path(__file__).resolve().parents[2] / "config" / "recipes"
    return list(dict.fromkeys((Path(config).parent / "recipes", Path("config/recipes"), here)))


def load(path: Path) -> Recipe:
    """Read and validate a file; raises RecipeFaults with every fault of its form."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as problem:
        raise RecipeFaults(str(path), [Fault("", f"cannot be read ({type(problem).__name__})")]) from None
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
    if error["type"] == "extra_forbidden":
        return Fault(key, "is not a key a recipe has here")
    if error["type"] == "missing":
        return Fault(key, "is missing")
    return Fault(key, error["msg"].removeprefix("Value error, "))


class CompiledOperation:
    """An operation's request and the readers of its answer."""

    def __init__(self, plan: Plan | None, response: Response, recipe: Recipe, charset: str, key: str) -> None:
        self.faults: list[Fault] = []
        self.plan = plan
        key = f"{key}.response"
        self.reader = SendReader(response, recipe.errors, charset, key, self.faults)
        self.judge = self.reader.judge
        self.response = response
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

    def __init__(self, kind: str, poll: Poll, plan: Plan | None, recipe: Recipe, faults: list[Fault]) -> None:
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
        self.judge = Judge(response, recipe.errors, poll.request.charset, key, faults)
        self.records = RecordReader(poll, recipe.errors, recipe.phone, recipe.plugin.timezone, key, faults)
        self.until = compile_test(poll.until, f"{key}.until", faults) if poll.until else None
        self.cursor = compile_path(poll.cursor, f"{key}.cursor", faults)


class Compiled:
    """A recipe ready to work for one channel. Raises RecipeFaults with every fault of the file."""

    def __init__(self, recipe: Recipe, file: str, base_url: str = "") -> None:
        self.recipe = recipe
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
            name: WebhookReader(name, webhook, recipe, hook_names, faults)
            for name, webhook in recipe.webhooks.items()
        }
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
        names = self._with_token(self._names_of(name), self.recipe.requests.added_to(operation.request))
        request = self.recipe.requests.added_to(operation.request)
        plan = compile_request(request, names, self.base_url, f"{key}.request", faults)
        compiled = CompiledOperation(plan, operation.response, self.recipe, operation.request.charset, key)
        faults += compiled.faults
        faults += _missing_parts(name, operation.response, key)
        if operation.needs and operation.needs not in (self._names["settings"] or ()):
            faults.append(Fault(f"{key}.needs", f"there is no setting {operation.needs!r}"))
        return compiled

    def _poll(self, kind: str, poll: Poll, faults: list[Fault]) -> CompiledPoll:
        known: dict[str, frozenset[str] | None] = {"since": None, "until": None, "cursor": None}
        if poll.each:
            known["p"] = PENDING_FIELDS
        names = self._with_token({**self._names, **known}, self.recipe.requests.added_to(poll.request))
        request = self.recipe.requests.added_to(poll.request)
        plan = compile_request(request, names, self.base_url, f"poll.{kind}.request", faults)
        return CompiledPoll(kind, poll, plan, self.recipe, faults)

    @staticmethod
    def _with_token(names: Known, request: Request) -> Known:
        return {**names, _TOKEN: None} if isinstance(request.auth, Token) else names

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
        return TokenPlan(scheme, self._names, self.base_url, faults) if scheme is not None else None


class TokenPlan:
    """How a token is fetched and read."""

    def __init__(self, scheme: Token, names: Known, base_url: str, faults: list[Fault]) -> None:
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
        self.judge = Judge(response, {}, "utf-8", "auth.token", faults)


def _base_url(url: str, faults: list[Fault]) -> str:
    parts = urlsplit(url)
    if (
        parts.scheme not in ("https", "http")
        or not parts.hostname
        or parts.username is not None
        or parts.query
    ):
        faults.append(Fault("plugin.base_url", "is not an address such as https://api.vendor.example"))
        return "https://vendor.invalid"
    default = {"https": 443, "http": 80}[parts.scheme]
    port = f":{parts.port}" if parts.port not in (None, default) else ""
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
