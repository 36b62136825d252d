"""What the status codes of mainland carriers and gateways mean, in sentences a marketer understands.

The same code has different meanings in different provinces and at different vendors, so the raw code is
always kept beside the sentence. Sources: the vendors' public code lists, read 2026-11.
"""

from enum import StrEnum
from typing import NamedTuple


class CodeKind(StrEnum):
    """What a code says about a message, as coarse as the codes deserve."""

    DELIVERED = "delivered"
    WAITING = "waiting"  # no final state yet
    INVALID_NUMBER = "invalid_number"
    UNREACHABLE = "unreachable"
    INVALID_OR_UNREACHABLE = "invalid_or_unreachable"
    BLOCKED = "blocked"
    OPTED_OUT = "opted_out"
    CONTENT = "content"
    FREQUENCY = "frequency"
    CONGESTION = "congestion"
    COMPLIANCE = "compliance"
    ROUTING = "routing"
    OPERATOR = "operator"
    UNCLASSIFIED = "unclassified"


class Explanation(NamedTuple):
    """The meaning of a code and a sentence for it."""

    kind: CodeKind
    sentence: str


_OFF = Explanation(CodeKind.UNREACHABLE, "The phone was switched off or out of coverage.")
_SUSPENDED = Explanation(CodeKind.UNREACHABLE, "The recipient's service is suspended.")
_ARREARS = Explanation(CodeKind.UNREACHABLE, "The recipient's account is suspended or in arrears.")
_NO_SUCH_NUMBER = Explanation(CodeKind.INVALID_NUMBER, "The number does not exist.")
_GONE_OR_OFF = Explanation(
    CodeKind.INVALID_OR_UNREACHABLE, "The number does not exist, is suspended or its phone is off."
)
_SPAM = Explanation(CodeKind.CONTENT, "The carrier's content or spam filter stopped the message.")
_TOO_MANY = Explanation(CodeKind.FREQUENCY, "The recipient was sent too many messages.")
_CONGESTED = Explanation(CodeKind.CONGESTION, "The carrier's network was congested.")
_BLOCK_LIST = Explanation(CodeKind.OPTED_OUT, "The recipient is on a block list or has unsubscribed.")
_WAITING = Explanation(CodeKind.WAITING, "The carrier has not reported a final state yet.")

_EXACT = {
    "DELIVRD": Explanation(CodeKind.DELIVERED, "The message reached the handset."),
    "DELIVERED": Explanation(CodeKind.DELIVERED, "The message reached the handset."),
    "EXPIRED": Explanation(CodeKind.UNREACHABLE, "The phone was off or out of coverage for too long."),
    "UNDELIV": Explanation(
        CodeKind.UNREACHABLE, "The state of the recipient's subscription prevents delivery."
    ),
    "REJECTD": Explanation(CodeKind.BLOCKED, "The carrier refused the message."),
    "UNKNOWN": _WAITING,
    "ACCEPTD": _WAITING,
    "ENROUTE": _WAITING,
    "MK:0001": _NO_SUCH_NUMBER,
    "MK:0000": Explanation(
        CodeKind.UNCLASSIFIED, "The province's carrier blocked the message or the number does not exist."
    ),
    "MK:0005": _SUSPENDED,
    "MK:0013": _SUSPENDED,
    "MK:0010": _OFF,
    "MK:0023": _OFF,
    "MK:0014": _SPAM,
    "MK:0115": _SPAM,
    "MK:1004": _SPAM,
    "MK:1041": _TOO_MANY,
    "MI:0024": _OFF,
    "MI:0042": _OFF,
    "MI:0076": _OFF,
    "MI:0082": _OFF,
    "MI:0054": _GONE_OR_OFF,
    "MI:0059": _GONE_OR_OFF,
    "MI:0072": _GONE_OR_OFF,
    "MI:0073": _GONE_OR_OFF,
    "MI:0210": _GONE_OR_OFF,
    "MI:0019": _ARREARS,
    "MI:0051": _ARREARS,
    "MI:0061": _CONGESTED,
    "MI:0062": _CONGESTED,
    "IB:0008": _CONGESTED,
    "DB:9007": _CONGESTED,
    "MI:0079": _TOO_MANY,
    "DB:0142": _TOO_MANY,
    "DB:0101": Explanation(CodeKind.INVALID_NUMBER, "The number is not valid."),
    "DB:0102": _SUSPENDED,
    "DB:0144": _BLOCK_LIST,
    "DBBLACK": _BLOCK_LIST,
    "MBBLACK": _BLOCK_LIST,
    "TDBLACK": _BLOCK_LIST,
    "BLACK": _BLOCK_LIST,
    "NP:1243": Explanation(CodeKind.ROUTING, "The number was ported to another carrier."),
    "SC:0016": Explanation(CodeKind.OPTED_OUT, "The recipient has opted out."),
    "SC:0017": Explanation(CodeKind.COMPLIANCE, "The template is not filed with the carrier."),
    "SC:0018": Explanation(CodeKind.COMPLIANCE, "The signature is not filed with the carrier."),
    "CR:0201": Explanation(CodeKind.COMPLIANCE, "The recipient is on the vendor's block list."),
    "CR:0203": Explanation(CodeKind.COMPLIANCE, "The vendor does not deliver such messages at this hour."),
    "CR:0215": Explanation(CodeKind.COMPLIANCE, "The signature is not filed with the carrier."),
    "CR:0216": Explanation(CodeKind.COMPLIANCE, "The message does not end with the wording to unsubscribe."),
}
_OPERATOR = Explanation(
    CodeKind.OPERATOR,
    "The carrier's own systems (charging, gateways, message centre) did not take the message.",
)
_FAMILIES = {
    **dict.fromkeys(("CA", "CB", "DA", "IC", "MA", "MB"), _OPERATOR),
    "SMGPERR": Explanation(CodeKind.OPERATOR, "China Telecom's gateway reported an error."),
}


def explain(code: str) -> Explanation:
    """Return the meaning of a carrier's or gateway's code, whatever its case.

    Some families are known by their letters alone (CA:0053, SMGPERR:3). An unknown code is UNCLASSIFIED
    and its sentence keeps the code.
    """
    wanted = code.strip().upper()
    family = wanted.rstrip("0123456789").rstrip(":")
    found = _EXACT.get(wanted) or _FAMILIES.get(family)
    if found is not None:
        return found
    if not wanted:
        return Explanation(CodeKind.UNCLASSIFIED, "The message failed and no code says why.")
    return Explanation(CodeKind.UNCLASSIFIED, f"The carrier reported the code {code.strip()}.")
