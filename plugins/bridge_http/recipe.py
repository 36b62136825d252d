"""A recipe compiled for one channel; every fault of the file is reported at once."""

import re
from collections.abc import Iterator, Mapping
from functools import cached_property
from urllib.parse import urlsplit

from .answer.errors import ErrorTable
from .answer.webhooks import WebhookReader
from .auth.base import Known
from .auth.token import Token
from .faults import RecipeFault, RecipeFaults
from .language.values import PENDING_FIELDS, RECIPIENT_FIELDS, TEMPLATE_FIELDS
from .literals import literal_faults
from .request.building import RequestPlan, compile_request
from .request.operations import CompiledOperation, CompiledPoll
from .schema import OperationTable, PollTable, Recipe, RequestTable, Response, Sample, SampleDefaults
from .tokens import TokenPlan

_DECODED = re.compile(r"secret\.([a-z][a-z0-9_]*)\s*\|\s*b64d\b")
_NO_HOST = re.compile(r"[\s'\"$\\<>{}|^`]")
_SENDS = ("send_batch", "send_digital_batch", "reconcile_batch")
_NO_ITEMS = (
    "is missing: a look-up needs it, for who is not in its answer stays unknown; where the answer is about "
    'one message, as with each = "message", give path = "body", match = "single" and id'
)


class Compiled:
    """A recipe ready to work for one channel. Raises RecipeFaults with every fault of the file.

    `secrets` are the channel's, by name; they are kept out of what vendors' answers tell.
    """

    def __init__(
        self, recipe: Recipe, file: str, base_url: str = "", secrets: Mapping[str, str] | None = None
    ) -> None:
        self.recipe = recipe
        faults: list[RecipeFault] = []
        self.rules = ErrorTable(recipe, secrets or {}, faults)
        self.base_url = _base_url(base_url or recipe.vendor.base_url or "https://vendor.invalid", faults)
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
        self.webhooks = self._webhooks(faults)
        faults += [*_sample_faults(recipe), *literal_faults(recipe), *_code_faults(recipe)]
        if not recipe.operations.present():
            faults.append(RecipeFault("operations", "there is none: a recipe needs at least send_batch"))
        if faults:
            raise RecipeFaults(file, faults)

    @property
    def needing_codes(self) -> frozenset[str]:
        """The sends that name the vendor's template although no operation makes one."""
        return frozenset(_needing_codes(self.recipe))

    @cached_property
    def base64_secrets(self) -> frozenset[str]:
        """The secrets that the recipe decodes from base64, by name."""
        return frozenset(_DECODED.findall(self.recipe.model_dump_json(by_alias=True)))

    def _webhooks(self, faults: list[RecipeFault]) -> dict[str, WebhookReader]:
        known = {name: dict.fromkeys(self._names[name] or ()) for name in ("secret", "settings")}
        return {
            name: WebhookReader(name, webhook, self.recipe, self.rules, known, faults)
            for name, webhook in self.recipe.webhooks.items()
        }

    def _common(self) -> dict[str, frozenset[str] | None]:
        recipe = self.recipe
        return {
            "secret": frozenset(recipe.secrets) | frozenset(recipe.optional_secrets),
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
        if operation == "query_sign":
            return {**self._names, **sign}
        if operation == "check_channel":
            return self._names
        return {**self._names, **template}

    def _operation(
        self, name: str, operation: OperationTable, faults: list[RecipeFault]
    ) -> CompiledOperation:
        key = f"operations.{name}"
        plan = self._request(operation.request, self._names_of(name), f"{key}.request", faults)
        compiled = CompiledOperation(plan, operation, self.recipe, self.rules, key)
        faults += compiled.faults
        faults += _missing_parts(name, operation.response, key)
        if operation.each and name != "reconcile_batch":
            faults.append(
                RecipeFault(
                    f"{key}.each", "is for reconcile_batch: how messages are sent is said by batch.mode"
                )
            )
        if operation.needs and operation.needs not in (self._names["settings"] or ()):
            faults.append(RecipeFault(f"{key}.needs", f"there is no setting {operation.needs!r}"))
        return compiled

    def _poll(self, kind: str, poll: PollTable, faults: list[RecipeFault]) -> CompiledPoll:
        known: dict[str, frozenset[str] | None] = {"since": None, "until": None, "cursor": None}
        if poll.each:
            known["p"] = PENDING_FIELDS
        plan = self._request(poll.request, {**self._names, **known}, f"poll.{kind}.request", faults)
        return CompiledPoll(kind, poll, plan, self.recipe, self.rules, faults)

    def _request(
        self, own: RequestTable, names: Known, key: str, faults: list[RecipeFault]
    ) -> RequestPlan | None:
        shared = self.recipe.requests
        whole = shared.added_to(own)
        if whole.auth is not None:
            names = {**names, **dict.fromkeys(whole.auth.adds)}
        found: list[RecipeFault] = []
        plan = compile_request(whole, names, self.base_url, key, found)
        # What all requests share is told once, under the key it has in the file.
        faults += [
            RecipeFault(f"requests.{place}", reason)
            if shared.holds(place := fault_key.removeprefix(f"{key}."), own)
            else RecipeFault(fault_key, reason)
            for fault_key, reason in found
        ]
        return plan

    def requests(self) -> list[RequestTable]:
        """Return every request of the recipe."""
        operations = [operation.request for operation in self.recipe.operations.present().values()]
        polls = [
            poll.request for poll in (self.recipe.poll.receipt, self.recipe.poll.reply) if poll is not None
        ]
        return [self.recipe.requests.added_to(request) for request in operations + polls]

    def _token(self, faults: list[RecipeFault]) -> "TokenPlan | None":
        schemes = list(
            dict.fromkeys(r.auth.model_dump_json() for r in self.requests() if isinstance(r.auth, Token))
        )
        if len(schemes) > 1:
            faults.append(RecipeFault("operations", "all requests must fetch their token in the same way"))
        scheme = next((r.auth for r in self.requests() if isinstance(r.auth, Token)), None)
        return (
            TokenPlan(scheme, self._names, self.base_url, self.rules, faults) if scheme is not None else None
        )


def is_address(url: str) -> bool:
    """Return whether calls can be made at an address: a scheme, a host, perhaps a port and a path."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return False
    named = parts.scheme in ("https", "http") and parts.hostname is not None
    return named and parts.username is None and not parts.query and not _NO_HOST.search(parts.netloc)


def _base_url(url: str, faults: list[RecipeFault]) -> str:
    if not is_address(url):
        faults.append(RecipeFault("vendor.base_url", "is not an address such as https://api.vendor.example"))
        return "https://vendor.invalid"
    parts = urlsplit(url)
    assert parts.hostname is not None  # noqa: S101 - an address has one
    number = parts.port
    default = {"https": 443, "http": 80}[parts.scheme]
    port = f":{number}" if number not in (None, default) else ""
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{parts.scheme}://{host}{port}{parts.path.rstrip('/')}"


def _missing_parts(name: str, response: Response, key: str) -> list[RecipeFault]:
    """Return what an operation's answer must tell beyond being accepted."""
    faults = []
    if (
        name in ("query_template", "query_digital_template", "query_sign")
        and not response.status
        and not response.carriers
    ):
        faults.append(RecipeFault(f"{key}.response.status", "is missing: a query needs it"))
    if (response.status or response.carriers) and not response.status_map:
        faults.append(
            RecipeFault(f"{key}.response.status_map", "is missing: say what the vendor's words mean")
        )
    if name == "reconcile_batch" and response.items and response.items.absent == "accepted":
        faults.append(
            RecipeFault(f"{key}.response.items.absent", "is not for a look-up: silence proves nothing taken")
        )
    if name == "reconcile_batch" and response.items is None:
        faults.append(RecipeFault(f"{key}.response.items", _NO_ITEMS))
    return faults


def _needing_codes(recipe: Recipe) -> Iterator[str]:
    present = recipe.operations.present()
    for send, maker in (("send_batch", "create_template"), ("send_digital_batch", "create_digital_template")):
        if send in present and present[send].names_template and maker not in present:
            yield send


def _code_faults(recipe: Recipe) -> Iterator[RecipeFault]:
    """Find sends by a vendor's template code, where nothing makes one or says that people do."""
    needing = list(_needing_codes(recipe))
    if recipe.templates.by_hand and not needing:
        yield RecipeFault("templates.by_hand", "is for recipes whose sends name template.vendor_code")
    for send in () if recipe.templates.by_hand else needing:
        maker = "create_digital_template" if "digital" in send else "create_template"
        reason = (
            f"uses template.vendor_code, and nothing makes one: add operations.{maker}, or "
            "by_hand = true under [templates] when people make templates at the vendor"
        )
        yield RecipeFault(f"operations.{send}.request", reason)


def _sample_faults(recipe: Recipe) -> Iterator[RecipeFault]:
    """Find samples that cannot fail, and names they give a value that the recipe does not have."""
    for number, sample in enumerate(recipe.samples):
        key = f"samples[{number}]"
        if bool(sample.call) == bool(sample.webhook):
            yield RecipeFault(key, "needs either `call` or `webhook`")
        elif (
            sample.call and not sample.request and sample.results is sample.receipts is sample.replies is None
        ):
            yield RecipeFault(key, "expects nothing: give it `request`, `results`, `receipts` or `replies`")
    tables: list[tuple[str, Sample | SampleDefaults]] = [("sample", recipe.sample)]
    tables += [(f"samples[{number}]", sample) for number, sample in enumerate(recipe.samples)]
    for key, table in tables:
        for name in table.secrets.keys() - recipe.secrets.keys() - recipe.optional_secrets.keys():
            yield RecipeFault(f"{key}.secrets.{name}", "is not a secret of this recipe")
        for name in table.settings.keys() - recipe.settings.keys() - recipe.required.keys():
            yield RecipeFault(f"{key}.settings.{name}", "is not a setting of this recipe")
