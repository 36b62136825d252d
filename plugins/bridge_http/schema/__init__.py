"""The recipe file as pydantic models. Unknown keys are errors; every text in quotes stays a text."""

from .base import Condition, Table, TimeForm
from .recipe import BatchRule, ErrorRule, Items, Operation, PhoneForm, Recipe, Response
from .reports import Ack, Confirm, Poll, Reports, Webhook
from .request import Request, Shared
from .samples import Sample, SampleDefaults, SampleRecipient

__all__ = [
    "Ack",
    "BatchRule",
    "Condition",
    "Confirm",
    "ErrorRule",
    "Items",
    "Operation",
    "PhoneForm",
    "Poll",
    "Recipe",
    "Reports",
    "Request",
    "Response",
    "Sample",
    "SampleDefaults",
    "SampleRecipient",
    "Shared",
    "Table",
    "TimeForm",
    "Webhook",
]
