"""The recipe file as pydantic models. Unknown keys are errors; every text in quotes stays a text."""

from .base import Condition, RecipeTable, TimeForm
from .recipe import BatchRule, ErrorRule, Items, OperationTable, PhoneForm, Recipe, Response
from .reports import Ack, Confirm, PollTable, ReportsTable, WebhookTable
from .request import RequestTable, Shared
from .samples import Sample, SampleDefaults, SampleRecipient

__all__ = [
    "Ack",
    "BatchRule",
    "Condition",
    "Confirm",
    "ErrorRule",
    "Items",
    "OperationTable",
    "PhoneForm",
    "PollTable",
    "Recipe",
    "RecipeTable",
    "ReportsTable",
    "RequestTable",
    "Response",
    "Sample",
    "SampleDefaults",
    "SampleRecipient",
    "Shared",
    "TimeForm",
    "WebhookTable",
]
