"""Text templates as Twilio Content, and WhatsApp's review of them.

Rules of placeholders and reviews: twilio.com/docs/content, read 2026-11.
"""

import json
import logging
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from bridge.plugin import (
    BridgeError,
    CreatedTemplate,
    NoSuchResource,
    ReviewStatus,
    TemplateReview,
    TemplateType,
    TextTemplate,
    VendorRejected,
)

from . import codes
from .settings import TwilioSettings

if TYPE_CHECKING:
    from .client import TwilioAccount

_PLACEHOLDER = re.compile(r"\$\{([^}]+)\}")
_NUMBERED = re.compile(r"\{\{([0-9]{1,3})\}\}")
_MOST_VARIABLES = 100
_LONGEST_BODY = 1600
_log = logging.getLogger(__name__)


class Contents:
    """The Content templates of one account. Content is not changed once reviewed: a change makes a new one.

    `TextTemplate.state` keeps the predecessor, which messages on their way may still name; it is deleted with
    the next change.
    """

    def __init__(self, account: "TwilioAccount", settings: TwilioSettings) -> None:
        self._account = account
        self._settings = settings
        self._whatsapp = settings.template_mode == "whatsapp"

    def publish(self, template: TextTemplate) -> CreatedTemplate:
        """Create the template's Content, hand it in where WhatsApp reviews it, retire its predecessors."""
        category = self._category(template.type)
        sid = self._account.create_content(self._request(template))
        if self._whatsapp:
            self._submit(sid, template.code, category)
        retired = self._delete_old([*_retired(template.state), template.vendor_code])
        status = ReviewStatus.PENDING if self._whatsapp else ReviewStatus.APPROVED
        return CreatedTemplate(sid, status, state=json.dumps({"retired": retired}))

    def review(self, template: TextTemplate) -> TemplateReview:
        """Return WhatsApp's review, or approved for Content that exists. Raises NoSuchResource."""
        if not template.vendor_code:
            raise NoSuchResource("The template was never published at Twilio.", code="NO_CONTENT")
        if not self._whatsapp:
            content = self._account.content(template.vendor_code)
            return TemplateReview(
                ReviewStatus.APPROVED, created_at=content.date_created, content=_body(content, template)
            )
        approval = self._account.approval(template.vendor_code)
        word = str(approval.get("status") or "unsubmitted")
        status = codes.WHATSAPP.get(word)
        if status is None:
            _log.warning("WhatsApp review has a status that the bridge does not know: %s", word)
            return TemplateReview(ReviewStatus.PENDING)
        reason = str(approval.get("rejection_reason") or word) if status is ReviewStatus.REJECTED else ""
        return TemplateReview(status, reason)

    def written(self, template: TextTemplate) -> str:
        """Return a template's text as its Content would have it; raises VendorRejected for one refused."""
        self._category(template.type)
        self._request(template)
        return written(template)

    def _request(self, template: TextTemplate) -> Mapping[str, Any]:
        names = template.variables
        body = written(template)
        captcha = self._whatsapp and template.type is TemplateType.CAPTCHA
        fault = _captcha_fault(names) if captcha else _fault(template, body, self._whatsapp)
        if fault:
            raise VendorRejected(fault, code="BAD_TEMPLATE")
        return {
            "friendly_name": template.name[:64] or template.code,
            "language": self._settings.content_language,
            # Reviewers see the samples; the names say what a value is for.
            "variables": {str(number): name for number, name in enumerate(names, 1)},
            "types": _CAPTCHA_TYPES if captcha else {"twilio/text": {"body": body}},
        }

    def _category(self, template_type: TemplateType) -> str:
        if template_type is not TemplateType.CAPTCHA:
            return {
                TemplateType.NOTIFICATION: "UTILITY",
                TemplateType.PROMOTION: "MARKETING",
                TemplateType.INTERNATIONAL: self._settings.international_category,
            }[template_type]
        if self._whatsapp and not self._settings.whatsapp_captcha:
            raise VendorRejected(
                "WhatsApp takes captchas only in its own wording; this channel does not send them.",
                code="WHATSAPP_CAPTCHA",
            )
        return "AUTHENTICATION"

    def _submit(self, sid: str, code: str, category: str) -> None:
        # The name of a deleted template stays blocked for 30 days: every version gets a name of its own.
        name = re.sub(r"[^a-z0-9_]", "_", f"{code}_{sid[-8:]}".lower())
        try:
            self._account.submit_approval(sid, name, category)
        except BridgeError:
            self._delete_old([sid, ""])
            raise

    def _delete_old(self, sids: list[str]) -> list[str]:
        """Delete all but the last. Returns what is still to be deleted, the last included."""
        left = []
        for sid in sids[:-1]:
            try:
                self._account.delete_content(sid)
            except NoSuchResource:
                continue
            except BridgeError as error:
                _log.warning("A retired Content could not be deleted, tried again later: %s", error.code)
                left.append(sid)
        return [*left, *filter(None, sids[-1:])]


def written(template: TextTemplate) -> str:
    """Return a template's text with its variables numbered, as Content has them."""
    names = template.variables
    return _PLACEHOLDER.sub(lambda match: f"{{{{{names.index(match[1]) + 1}}}}}", template.content)


def named(body: str, template: TextTemplate) -> str:
    """Return the text of a Content with the template's own names in the place of numbers."""
    names = template.variables

    def name(match: re.Match[str]) -> str:
        number = int(match[1])
        return f"${{{names[number - 1]}}}" if 0 < number <= len(names) else match[0]

    return _NUMBERED.sub(name, body)


_CAPTCHA_TYPES = {
    "whatsapp/authentication": {
        "add_security_recommendation": True,
        "actions": [{"type": "COPY_CODE", "copy_code_text": "Copy code"}],
    }
}


def _body(content: Any, template: TextTemplate) -> str | None:
    """Return the text that a Content has, None for one that is no plain text."""
    plain = (content.types or {}).get("twilio/text") or {}
    body = plain.get("body")
    return named(body, template) if isinstance(body, str) else None


def _captcha_fault(names: tuple[str, ...]) -> str:
    return "" if len(names) == 1 else "A captcha over WhatsApp has exactly one variable, the code."


def _fault(template: TextTemplate, body: str, whatsapp: bool) -> str:
    """Return why Twilio or WhatsApp would refuse the template, in a sentence; "" for no reason."""
    if "{{" in template.content:
        return "The text must not contain two opening braces."
    if len(template.variables) > _MOST_VARIABLES:
        return f"A template has at most {_MOST_VARIABLES} variables."
    if len(body) > _LONGEST_BODY:
        return f"The text is longer than {_LONGEST_BODY} characters."
    if whatsapp and re.match(r"\s*\{\{|.*\}\}\s*$", body, re.DOTALL):
        return "WhatsApp takes no variable at the very start or end of a text."
    if whatsapp and re.search(r"\}\}\s*\{\{", body):
        return "WhatsApp takes no variables next to each other."
    return ""


def _retired(state: str) -> list[str]:
    return list(json.loads(state)["retired"]) if state else []
