"""The class an author fills in: facts about the vendor, and nothing that runs them."""

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import cache
from typing import Any, ClassVar

from bridge.channels.catalogue import discover
from bridge.plugin import BridgeError, Consequence, MessageStatus, Vendor, WebhookRequest

from .cases import Case, Poll, Webhook, error_class
from .exchanges import Reply, Seen
from .samples import SIGN


class VendorFacts:
    """The table of one vendor.

    `vendor` is the class or the name under which it is installed. In `settings`, `{url}` stands for the
    vendor's address. `over` says how the exchanges are played: by `responses`, or by a real server on
    "http" for clients that do not use requests. `emulator` makes a stand-in of your own instead.
    """

    vendor: ClassVar[type[Vendor] | str]
    settings: ClassVar[Mapping[str, Any]] = {}
    cases: ClassVar[Sequence[Case]] = ()
    title: ClassVar[str] = ""
    """Tells several tables of one vendor apart."""
    over: ClassVar[str] = "responses"
    emulator: ClassVar[Callable[[], AbstractContextManager[Any]] | None] = None
    statuses: ClassVar[Mapping[str, MessageStatus | None]] = {}
    """The vendor's words for a message's state; None for one that changes nothing."""
    errors: ClassVar[Mapping[str, type[BridgeError] | Consequence]] = {}
    """The vendor's documented error codes, each with its error's class or its Consequence."""
    unmapped: ClassVar[str] = "987654"
    """A code and a status the vendor does not have."""
    families: ClassVar[Mapping[str, str]] = {}
    """How words begin whose beginning says it all, and why: the vendor documents that whole family."""
    secret_in_address: ClassVar[str] = ""
    """Why a secret stands in the address of requests: the vendor documents no other form."""
    local: ClassVar[Collection[str]] = ()
    """Operations answered without a request, from settings or by rule."""
    impossible: ClassVar[Mapping[str, str]] = {}
    """Rows that cannot exist, such as "query_sign refusal", and why the vendor's API makes it so."""
    public_settings: ClassVar[Mapping[str, str]] = {}
    """Settings that are named like secrets and are none, such as the path of a key's file, and why."""
    other_account: ClassVar[Mapping[str, Any]] = {}
    """Settings in which a second account at the vendor differs, where changed secrets are not enough."""
    unsigned_webhooks: ClassVar[str] = ""
    """Why the vendor's webhooks cannot be verified (the bridge's secret path is then their only guard)."""
    signature_covers_body: ClassVar[bool] = True
    replayed_webhooks: ClassVar[str] = ""
    """Why a webhook is taken that was signed long ago, though the vendor signs the time."""
    signed_for_all: ClassVar[str] = ""
    """Why a webhook of one account is genuine for any other: the vendor signs with a key of its own."""
    campaign_sign: ClassVar[str] = SIGN
    """A signature that is approved at the emulator, for the kill -9 campaign."""

    def sign(self, request: WebhookRequest) -> WebhookRequest:
        """Return the webhook as the vendor would sign it under `settings`."""
        return request

    def status_row(self, status: str) -> Webhook | Poll:
        """Return a row that brings one receipt with this status: any key of `statuses`, or an unknown one."""
        raise NotImplementedError("define status_row(status)")

    def error_row(self, code: str) -> Case:
        """Return a row in which the vendor answers with this code: any key of `errors`, or an unknown one."""
        raise NotImplementedError("define error_row(code)")

    def campaign_answer(self, seen: Seen) -> tuple[Reply, Sequence[str]]:
        """Answer a request of a campaign as the vendor would. Returns the numbers of messages it took, too.

        For the kill -9 campaign of a table without an emulator: signature and template approved, every
        message taken. An emulator has `delivered` instead.
        """
        raise NotImplementedError("define campaign_answer(seen)")

    @classmethod
    def error_kinds(cls) -> Mapping[str, Any]:
        """Return the class of each code of `errors`."""
        return {code: error_class(kind) for code, kind in cls.errors.items()}

    @classmethod
    def vendor_class(cls) -> type[Vendor]:
        """Return the class under test."""
        return find_vendor(cls.vendor) if isinstance(cls.vendor, str) else cls.vendor

    @classmethod
    def vendor_name(cls) -> str:
        """Return the name the class is registered under."""
        return cls.vendor if isinstance(cls.vendor, str) else cls.vendor.name


@cache
def find_vendor(name: str) -> type[Vendor]:
    """Return the installed vendor of that name; raises LookupError with what there is."""
    catalogue = discover()
    if name in catalogue.vendors:
        return catalogue.vendors[name]
    problems = "; ".join(f"{point}: {problem}" for point, problem in catalogue.problems)
    raise LookupError(f"there is no vendor {name!r} among {', '.join(catalogue.vendors)}. {problems}".strip())
