"""Templates at the vendor, whatever their kind: the one place where the kind chooses the hook."""

from collections.abc import Callable
from typing import Any, NamedTuple

from bridge.channels.hooks import SENDING, Hooks
from bridge.contract.refusal import Refusal
from bridge.plugin import (
    BridgeError,
    Carrier,
    CarrierReview,
    CreatedTemplate,
    DigitalTemplateReview,
    Kind,
    NoSuchResource,
    ReviewStatus,
    SignReview,
    Template,
    TemplateReview,
    UnsupportedOperation,
)

Review = TemplateReview | DigitalTemplateReview

NO_CODE = "The vendor's code of this template is not known yet: its operator gives it."
"""Why a template waits that a person made, or is to make, at the vendor."""


class _Named(NamedTuple):
    """The names of the hooks for templates of a kind."""

    create: str
    update: str
    delete: str
    query: str


class _Calls(NamedTuple):
    """The hooks themselves."""

    create: Callable[[Any], CreatedTemplate]
    update: Callable[[Any], CreatedTemplate]
    delete: Callable[[Any], bool]
    query: Callable[[Any], Review]


_NAMED = {
    Kind.TEXT: _Named("create_template", "update_template", "delete_template", "query_template"),
    Kind.DIGITAL: _Named(
        "create_digital_template",
        "update_digital_template",
        "delete_digital_template",
        "query_digital_template",
    ),
}


class Filing:
    """One vendor's templates. What the vendor refuses raises Refusal, but a query raises BridgeError."""

    def __init__(self, hooks: Hooks) -> None:
        self._hooks = hooks

    def sends(self, kind: Kind) -> bool:
        """Return True when the vendor can send messages of this kind."""
        return self._hooks.supports(SENDING[kind])

    def creates(self, kind: Kind) -> bool:
        """Return True when the vendor takes templates of this kind."""
        return self._hooks.supports(_NAMED[kind].create)

    def updates(self, kind: Kind) -> bool:
        """Return True when the vendor lets templates of this kind be changed."""
        return self._hooks.supports(_NAMED[kind].update)

    def deletes(self, kind: Kind) -> bool:
        """Return True when the vendor deletes templates of this kind."""
        return self._hooks.supports(_NAMED[kind].delete)

    def reviews(self, kind: Kind) -> bool:
        """Return True when the vendor tells the review of templates of this kind."""
        return self._hooks.supports(_NAMED[kind].query)

    def lacks_code(self, template: Template) -> bool:
        """Return True when a person must give the vendor's code of a template before it can be sent with."""
        return not self.creates(template.kind) and self._hooks.lacks_code(template)

    def create(self, template: Template) -> CreatedTemplate:
        """Hand a template in for review."""
        with refusing():
            return self._calls(template.kind).create(template)

    def update(self, template: Template) -> CreatedTemplate:
        """Hand a changed template in for review."""
        with refusing():
            return self._calls(template.kind).update(template)

    def delete(self, template: Template) -> None:
        """Delete a template at the vendor."""
        with refusing():
            deleted = self._calls(template.kind).delete(template)
        if not deleted:
            raise Refusal("NOT_DELETED", "The vendor did not delete the template; try again later.")

    def query(self, template: Template) -> Review:
        """Return the review as the vendor tells it; a template that it does not know is rejected."""
        try:
            return self.review(template)
        except NoSuchResource as error:
            return _lost(template.kind, error)

    def review(self, template: Template) -> Review:
        """Return the review as the vendor tells it; raises NoSuchResource for one that it does not know."""
        return self._calls(template.kind).query(template)

    def _calls(self, kind: Kind) -> _Calls:
        return _Calls(*(getattr(self._hooks, name) for name in _NAMED[kind]))


def sign_review(hooks: Hooks, name: str) -> SignReview:
    """Return the review of a signature as the vendor tells it; one that it does not know is rejected."""
    try:
        return hooks.query_sign(name)
    except NoSuchResource as error:
        return SignReview(ReviewStatus.REJECTED, error.reason)


class refusing:  # noqa: N801 - used as a statement
    """Turns a vendor's error into the answer to Quick Audience."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, BridgeError):
            raise refusal(error) from None


def refusal(error: BridgeError) -> Refusal:
    """Return a vendor's error as the answer to Quick Audience."""
    if isinstance(error, UnsupportedOperation):
        return Refusal("UNSUPPORTED_OPERATION", error.reason)
    return Refusal(error.code, error.reason)


def carriers_with(kind: Kind, status: ReviewStatus, reason: str = "") -> dict[Carrier, CarrierReview]:
    """Return the carriers' reviews of a template of which only the whole is decided."""
    return {carrier: CarrierReview(status, reason) for carrier in Carrier} if kind is Kind.DIGITAL else {}


def _lost(kind: Kind, error: NoSuchResource) -> Review:
    if kind is Kind.TEXT:
        return TemplateReview(ReviewStatus.REJECTED, error.reason)
    return DigitalTemplateReview(carriers_with(kind, ReviewStatus.REJECTED, error.reason), error.reason)
