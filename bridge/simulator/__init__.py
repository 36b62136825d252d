"""A Quick Audience to test a bridge with: it signs, sends, receives callbacks and compares everything.

`QuickAudience` makes the twelve calls and reads the answers strictly; `CallbackServer` receives receipts and
replies strictly, serves recipient files and commits faults on request; `CampaignRun` runs a `Plan` with both;
`reconcile` compares what was sent with what came back. `sms-bridge demo` and `sms-bridge simulate` are built
of these, and so may be the tests of a plugin.
"""

from .answers import BridgeRefused, ContractBroken
from .callback_server import CallbackServer
from .campaign import Aside, CampaignFailed, CampaignRun, Plan
from .faults import FaultMode
from .inbox import Inbox
from .inspection import PushedReply, Receipt, Rules
from .people import Person, invent, invent_international, render
from .quick_audience import DigitalForm, Line, Marketer, NoAnswer, QuickAudience, TemplateForm
from .reconciliation import Finding, Result, reconcile
from .timing import Timing

__all__ = [
    "Aside",
    "BridgeRefused",
    "CallbackServer",
    "CampaignFailed",
    "CampaignRun",
    "ContractBroken",
    "DigitalForm",
    "FaultMode",
    "Finding",
    "Inbox",
    "Line",
    "Marketer",
    "NoAnswer",
    "Person",
    "Plan",
    "PushedReply",
    "QuickAudience",
    "Receipt",
    "Result",
    "Rules",
    "TemplateForm",
    "Timing",
    "invent",
    "invent_international",
    "reconcile",
    "render",
]
