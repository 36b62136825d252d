"""What each carrier says of a digital template, as a row keeps it: objects with names, by carrier."""

import json
from collections.abc import Mapping
from typing import Any

from ...plugin import Carrier, CarrierReview, ReviewStatus
from ..database.bulk import clean


def packed_reviews(reviews: Mapping[Carrier, CarrierReview]) -> str:
    """Return the carriers' reviews as they are stored."""
    return json.dumps(
        {
            carrier: {"status": review.status, "reason": clean(review.reason)}
            for carrier, review in reviews.items()
        }
    )


def unpacked_reviews(text: str) -> dict[Carrier, CarrierReview]:
    """Return the carriers' reviews as they were stored."""
    return {Carrier(name): _review(kept) for name, kept in json.loads(text).items()}


def _review(kept: Any) -> CarrierReview:
    if isinstance(kept, list):  # as rows before 0.1.0 keep them: status and reason by position
        return CarrierReview(ReviewStatus(kept[0]), kept[1])
    return CarrierReview(ReviewStatus(kept["status"]), kept["reason"])
