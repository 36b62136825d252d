"""A digest over the sorted parameters: of a request's, or of a webhook's."""

from collections.abc import Mapping
from typing import Any, Literal, Self

from pydantic import model_validator

from bridge.plugin import WebhookRequest

from ..faults import RecipeFault, Unsendable
from ..language.decoding import WebhookParts
from ..language.digests import Digest, digest, mac
from ..language.filters import raw, sorted_kv
from ..language.paths import as_text
from ..language.values import Names
from .base import Check, RequestDraft, Scheme, SchemePlace, Sign, Signer, Verify, compile_texts, same


class _Sorted(Scheme):
    """How the digest is made. With `hmac` it is an HMAC with that key.

    `pair` has `{k}` and `{v}`; `wrap` has one `{}`.
    """

    scheme: Literal["sorted_params"]
    hash: Digest = "md5"
    hmac: str = ""
    skip: list[str] = []
    pair: str = "{k}={v}"
    join: str = "&"
    wrap: str = "{}"
    case: Literal["lower", "upper"] = "lower"
    into: str = ""

    @model_validator(mode="after")
    def _has_one_place(self) -> Self:
        if self.wrap.replace("{{", "").replace("}}", "").count("{}") != 1:
            raise ValueError("wrap needs exactly one {}")
        return self

    def texts(self) -> dict[str, str]:
        """Name what stands before and after the pairs, and the key of the HMAC."""
        before, _, after = self.wrap.partition("{}")
        return {"before": before, "after": after, "hmac": self.hmac}

    def digest(self, pairs: Mapping[str, Any], texts: Mapping[str, Any]) -> str:
        """Compute the digest over the pairs that are not skipped; `texts` are the scheme's, rendered."""
        kept = {name: value for name, value in pairs.items() if name not in {*self.skip, self.into}}
        joined = texts["before"] + sorted_kv(kept, self.pair, self.join) + texts["after"]
        data = joined.encode()
        made = mac(self.hash, raw(texts["hmac"]), data) if self.hmac else digest(self.hash, data)
        return made.hex().upper() if self.case == "upper" else made.hex()


class SortedParams(_Sorted, Sign):
    """The digest of the form's parameters, or of the query's without a form, put among them as `into`."""

    def signer(self, place: SchemePlace) -> Signer:
        """Sign by adding the digest to the parameters."""
        if not self.into:
            place.faults.append(
                RecipeFault(f"{place.key}.into", "is missing: the parameter that holds the digest")
            )
        return Signer(self._apply)

    def _apply(self, draft: RequestDraft, texts: Mapping[str, Any]) -> None:
        table = draft.form if draft.form is not None else draft.query
        # The files of a multipart body are tables, and no parameters.
        pairs = {name: value for name, value in table.items() if not isinstance(value, Mapping)}
        table[self.into] = self.digest(pairs, texts)


class VerifySorted(_Sorted, Verify):
    """A parameter of the webhook, `field`, holds the digest of the others."""

    field: str

    def check(self, names: Names, key: str, faults: list[RecipeFault]) -> Check:
        """Compile into a comparison with the digest of the received parameters."""
        texts = compile_texts(self.texts(), names, key, faults)

        def check(request: WebhookRequest, source: WebhookParts, document: Any, given: Names) -> bool:
            if not isinstance(document, dict):
                return False
            pairs = {name: value for name, value in document.items() if name != self.field}
            try:
                wanted = self.digest(pairs, texts(given))
            except Unsendable:
                return False
            return same(as_text(document.get(self.field)), wanted)

        return check
