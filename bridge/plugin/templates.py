"""Templates and signatures, and what reviewers say of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from .moments import require_aware
from .status import Carrier, Kind, ReviewStatus, TemplateType


@dataclass(frozen=True, slots=True)
class TextTemplate:
    """A text template. `code` is what Quick Audience knows it by, `vendor_code` what the vendor does.

    `vendor_code` is "" until the vendor has given one. `state` is free text the plugin returned with its
    last CreatedTemplate or review, kept for it word for word.
    """

    code: str
    name: str
    content: str
    type: TemplateType
    remark: str = ""
    variables: tuple[str, ...] = ()
    sign_name: str = ""
    vendor_code: str = ""
    state: str = ""

    @property
    def kind(self) -> Kind:
        """Always text."""
        return Kind.TEXT


@dataclass(frozen=True, slots=True)
class DigitalPart:
    """One part of a digital template: `text` for suffix "txt", otherwise the `url` of the media."""

    suffix: str
    name: str = ""
    text: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class DigitalTemplate:
    """A digital template: its parts in the order in which they are shown.

    `type` decides how its recipients' numbers are read: mainland, unless the channel is international.
    """

    code: str
    name: str
    parts: tuple[DigitalPart, ...]
    remark: str = ""
    variables: tuple[str, ...] = ()
    sign_name: str = ""
    vendor_code: str = ""
    state: str = ""
    type: TemplateType = TemplateType.PROMOTION

    @property
    def kind(self) -> Kind:
        """Always digital."""
        return Kind.DIGITAL

    @property
    def content(self) -> str:
        """The text parts, joined by newlines."""
        return "\n".join(part.text for part in self.parts if part.suffix == "txt")


Template = TextTemplate | DigitalTemplate


@dataclass(frozen=True, slots=True)
class CreatedTemplate:
    """The vendor's answer to a template's creation or change.

    `vendor_code` None keeps the code in use (some vendors give a new one on every change).
    """

    vendor_code: str | None = None
    status: ReviewStatus = ReviewStatus.PENDING
    reason: str = ""
    state: str | None = None


@dataclass(frozen=True, slots=True)
class SignReview:
    """The review of a signature. `reason` is for a rejected one."""

    status: ReviewStatus
    reason: str = ""
    created_at: datetime | None = None

    def __post_init__(self) -> None:
        require_aware(self, created_at=self.created_at)


@dataclass(frozen=True, slots=True)
class TemplateReview:
    """The review of a text template. `vendor_code` and `state` replace the stored ones unless None.

    `content` is the text as the vendor has it, with Quick Audience's placeholders; None if it does not tell.
    """

    status: ReviewStatus
    reason: str = ""
    created_at: datetime | None = None
    vendor_code: str | None = None
    state: str | None = None
    content: str | None = None

    def __post_init__(self) -> None:
        require_aware(self, created_at=self.created_at)


@dataclass(frozen=True, slots=True)
class ListedTemplate:
    """One template of a vendor's own list, whoever made it: the vendor's code, and what is told with it."""

    vendor_code: str
    status: ReviewStatus
    name: str = ""
    content: str = ""


@dataclass(frozen=True, slots=True)
class CarrierReview:
    """One carrier's review of a digital template."""

    status: ReviewStatus
    reason: str = ""


@dataclass(frozen=True, slots=True)
class DigitalTemplateReview:
    """The review of a digital template, carrier by carrier."""

    carriers: Mapping[Carrier, CarrierReview]
    reason: str = ""
    created_at: datetime | None = None
    vendor_code: str | None = None
    state: str | None = None

    def __post_init__(self) -> None:
        require_aware(self, created_at=self.created_at)

    @property
    def status(self) -> ReviewStatus:
        """All approved is approved, some is partial, none with any pending is pending, else rejected."""
        states = [review.status for review in self.carriers.values()]
        if states and all(state is ReviewStatus.APPROVED for state in states):
            return ReviewStatus.APPROVED
        if ReviewStatus.APPROVED in states:
            return ReviewStatus.PARTIAL
        if not states or ReviewStatus.PENDING in states:
            return ReviewStatus.PENDING
        return ReviewStatus.REJECTED


@dataclass(frozen=True, slots=True)
class ReviewChange:
    """What a vendor says of a review: exactly one of `sign_name` and `vendor_code`.

    `review` None means "ask again".
    """

    sign_name: str = ""
    vendor_code: str = ""
    review: SignReview | TemplateReview | DigitalTemplateReview | None = None
