"""A marketer's campaign from the signature's status to the last send detail, stage by stage."""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal, Protocol

from .answers import BridgeRefused
from .callback_server import CallbackServer
from .inspection import Receipt
from .people import Person, render
from .quick_audience import UTC8, DigitalForm, Params, QuickAudience, TemplateForm
from .reconciliation import ComparedDetail
from .stages import StageProgress, Stages
from .timing import MONOTONIC, Timing

_FIRST_TEXT = "${name}，您好：您在${city}的门店有新的优惠。"
_TEXT = "${name}，您好：您在${city}的门店有${points}积分，本月返现${amount}元。"
_INTERNATIONAL_TEXT = "Hello ${name}, your store in ${city} has ${points} points for you and ${amount} off."
_DIGITAL_TEXT = "${name}，${city}门店本周到新，凭此信息立减${amount}元。"
_PAGE = 1000
_QUIET_S = 3.0
_HELD_S = 10.0
"""Seconds without a receipt after which it is asked what holds the messages, and from time to time again."""

INTERNATIONAL = 3
"""The template type of international messages; Quick Audience writes their numbers with a country code."""
_CANNOT = "UNSUPPORTED_OPERATION"
FILE = "file"
"""The part whose send names no task: the bridge names its campaign by the outId."""

# One transparent pixel: the smallest picture a digital template can carry.
_PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489"
    "0000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082"
)


class CampaignFailed(Exception):
    """The campaign cannot go on, in words for the person who started it."""


@dataclass(frozen=True)
class Plan:
    """What to send to whom. `run` becomes part of every name and outId, so that no run meets another.

    `per_send` numbers go into one send by list, `parallel` sends are under way at a time. `receipts` is
    Quick Audience's receipt mode. A review may take `review_s` seconds; waiting for receipts ends when
    nothing came for `silence_s` seconds.
    """

    run: str
    sign_name: str
    by_list: Sequence[Person] = ()
    by_file: Sequence[Person] = ()
    digital: Sequence[Person] = ()
    international: Sequence[Person] = ()
    template_type: int = 2
    per_send: int = 1000
    parallel: int = 4
    receipts: Literal["push", "pull"] = "push"
    review_s: float = 120
    silence_s: float = 60

    def out_id(self, part: str) -> str:
        """Return the outId of one part of the campaign."""
        return f"{self.run}-{part}"


@dataclass
class Course:
    """What happened: what was sent under which outId, the send details, seconds from send to last receipt.

    `campaigns` has the name under which the bridge shows the campaign of each outId.
    """

    sent: dict[str, dict[str, str]] = field(default_factory=dict)
    campaigns: dict[str, str] = field(default_factory=dict)
    details: dict[str, list[ComparedDetail]] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def total(self) -> int:
        """Return how many recipients were sent to."""
        return sum(map(len, self.sent.values()))


class _SendList(Protocol):
    def __call__(
        self, out_id: str, phones: Sequence[str], params: Sequence[Params], sign_name: str, code: str
    ) -> str: ...


@dataclass(frozen=True, slots=True)
class Aside:
    """What is known and heard beside the campaign itself, by whoever runs both ends of it.

    `replies_due` tells how many replies to wait for; None waits for a quiet moment. While no receipt comes,
    `held` is asked what keeps messages, and `tell` shows it.
    """

    replies_due: Callable[[], int] | None = None
    held: Callable[[], Sequence[str]] = list
    tell: Callable[[str], None] = lambda _: None


class CampaignRun:
    """One run of a Plan."""

    def __init__(
        self,
        qa: QuickAudience,
        callbacks: CallbackServer,
        plan: Plan,
        stages: Stages,
        *,
        aside: Aside = Aside(),
        timing: Timing = MONOTONIC,
    ) -> None:
        self._qa = qa
        self._callbacks = callbacks
        self._inbox = callbacks.inbox
        self._plan = plan
        self._stages = stages
        self._aside = aside
        self._timing = timing
        self._course = Course()
        self._began = datetime.now(UTC8)

    def run(self) -> Course:
        """Go through all stages. Raises CampaignFailed, BridgeRefused, ContractBroken or NoAnswer."""
        plan = self._plan
        self._check_sign()
        text_code, text = self._text_template() if plan.by_list or plan.by_file else ("", "")
        international_code = self._international_template() if plan.international else ""
        digital_code = self._digital_template() if plan.digital else ""
        started = self._timing.now()
        if plan.by_list:
            self._send_lists("Send by list", "list", plan.by_list, text, self._qa.send_list, text_code)
        if plan.by_file:
            self._send_file(text_code, text)
        if plan.international:
            send = self._qa.send_list
            self._send_lists(
                "Send international",
                "international",
                plan.international,
                _INTERNATIONAL_TEXT,
                send,
                international_code,
            )
        if digital_code:
            send = self._qa.send_digital_list
            self._send_lists("Send digital", "digital", plan.digital, _DIGITAL_TEXT, send, digital_code)
        self._await_receipts()
        self._course.seconds = self._timing.now() - started
        self._await_replies()
        self._read_details()
        return self._course

    # Signature and templates

    def _check_sign(self) -> None:
        name = self._plan.sign_name
        with self._stages.stage("Signature status") as stage:
            self._await_review(stage, f"signature {name}", lambda: self._qa.query_sign(name), "signStatus")

    def _text_template(self) -> tuple[str, str]:
        """Return the template's code, and the content it ends with: a vendor may know no change."""
        first = self._form(_FIRST_TEXT, "Weekly greeting")
        with self._stages.stage("Create text template, review") as stage:
            code = self._qa.create_text_template(first)
            self._await_template(stage, code, self._qa.query_text_template)
        with self._stages.stage("Modify text template, review") as stage:
            form = self._form(_TEXT, "Weekly greeting with points")
            changed = self._unless_unsupported(stage, lambda: self._qa.update_text_template(code, form))
            if not changed:
                return code, _FIRST_TEXT
            if changed != code:
                raise CampaignFailed("The template's code changed when it was modified.")
            answer = self._await_template(stage, code, self._qa.query_text_template)
            if answer["templateContent"] != _TEXT:
                raise CampaignFailed("The modified template still has its old content.")
        return code, _TEXT

    def _form(self, content: str, remark: str) -> TemplateForm:
        return TemplateForm(f"Greeting {self._plan.run}", content, self._plan.template_type, remark)

    def _international_template(self) -> str:
        form = TemplateForm(
            f"International {self._plan.run}", _INTERNATIONAL_TEXT, INTERNATIONAL, "An international greeting"
        )
        with self._stages.stage("Create international template") as stage:
            code = self._qa.create_text_template(form)
            self._await_template(stage, code, self._qa.query_text_template)
        return code

    def _digital_template(self) -> str:
        name = f"{self._plan.run}.png"
        self._callbacks.shelf.put(name, _PIXEL, "image/png")
        parts = (("png", "coupon", self._callbacks.file_url(name)), ("txt", "", _DIGITAL_TEXT))
        form = DigitalForm(f"Coupon {self._plan.run}", self._plan.sign_name, parts, "A coupon with a picture")
        with self._stages.stage("Create digital template, review") as stage:
            code = self._unless_unsupported(stage, lambda: self._qa.create_digital_template(form))
            if code:
                self._await_template(stage, code, self._qa.query_digital_template)
        return code

    def _unless_unsupported(self, stage: StageProgress, call: Callable[[], str]) -> str:
        """Return what `call` returns, or "" where the channel's vendor has no such operation."""
        try:
            return call()
        except BridgeRefused as refusal:
            if refusal.code != _CANNOT:
                raise
            stage.note(f"skipped: {refusal.message}")
            return ""

    def _await_template(
        self, stage: StageProgress, code: str, query: Callable[[str], dict[str, Any]]
    ) -> Mapping[str, Any]:
        return self._await_review(stage, f"template {code}", lambda: query(code), "templateStatus")

    def _await_review(
        self, stage: StageProgress, what: str, query: Callable[[], dict[str, Any]], field: str
    ) -> Mapping[str, Any]:
        """Ask until the review is over. Returns the answer that approves."""
        deadline = self._timing.now() + self._plan.review_s
        asked = 1
        while (answer := query())[field] == 0:
            if self._timing.now() > deadline:
                raise CampaignFailed(
                    f"The review of {what} is not over after {self._plan.review_s:g} seconds."
                )
            asked += 1
            self._timing.sleep(0.25)
        if answer[field] != 1:
            raise CampaignFailed(f"The {what} is not approved: {answer['reason']}")
        stage.note(f"approved, asked {asked} times" if asked > 1 else "approved")
        return answer

    # Sending

    def _expect(self, part: str, people: Sequence[Person], content: str) -> str:
        """Note what must arrive, before it is sent; a bad number's text is not known."""
        out_id = self._plan.out_id(part)
        self._course.sent[out_id] = {
            person.phone: "" if person.bad else render(content, person.params) for person in people
        }
        self._course.campaigns[out_id] = out_id if part == FILE else self._qa.task_id
        return out_id

    def _send_lists(
        self, title: str, part: str, people: Sequence[Person], content: str, send: _SendList, code: str
    ) -> None:
        out_id = self._expect(part, people, content)
        size = self._plan.per_send
        sends = [people[first : first + size] for first in range(0, len(people), size)]

        def send_one(some: Sequence[Person]) -> int:
            phones, params = [p.phone for p in some], [p.params for p in some]
            send(out_id, phones, params, self._plan.sign_name, code)
            return len(some)

        with self._stages.stage(title, len(people)) as stage, ThreadPoolExecutor(self._plan.parallel) as pool:
            done = 0
            for call in as_completed([pool.submit(send_one, some) for some in sends]):
                done += call.result()
                stage.reach(done)
            stage.note(f"{len(sends)} requests" if len(sends) > 1 else "one request")

    def _send_file(self, code: str, content: str) -> None:
        people = self._plan.by_file
        out_id = self._expect(FILE, people, content)
        lines = [f"{p.phone},{json.dumps(p.params, ensure_ascii=False)}" for p in people]
        name = f"{out_id}.txt"
        self._callbacks.shelf.put(name, ("\n".join(lines) + "\n").encode())
        with self._stages.stage("Send by file", len(people)) as stage:
            url = self._callbacks.file_url(name)
            self._qa.send_file(out_id, url, self._plan.sign_name, code, variables=True)
            stage.reach(len(people))
            stage.note("one request")

    # What comes back

    def _await_receipts(self) -> None:
        pushed = self._plan.receipts == "push"
        title = "Receipts pushed" if pushed else "Receipts asked for"
        with self._stages.stage(title, self._course.total) as stage:
            known = self._await(
                stage,
                self._pushed if pushed else self._listed,
                self._course.total,
                every_s=0.1 if pushed else 0.5,
                silence_s=self._plan.silence_s,
                quiet=self._tell_what_holds,
            )
            missing = self._course.total - known
            stage.note(f"{missing:,} did not come" if missing else "")

    def _tell_what_holds(self) -> None:
        for reason in self._aside.held():
            self._aside.tell(f"No receipt for a while: {reason}")

    def _pushed(self) -> int:
        return sum(self._inbox.received(out_id) for out_id in self._course.sent)

    def _listed(self) -> int:
        return sum(self._page(out_id, 1, 1)[1] for out_id in self._course.sent)

    def _await_replies(self) -> None:
        due = self._aside.replies_due() if self._aside.replies_due else None
        silence_s = min(self._plan.silence_s, _QUIET_S if due is None else math.inf)
        with self._stages.stage("Replies", due or 0) as stage:
            known = self._await(
                stage,
                lambda: len(self._inbox.replies),
                math.inf if due is None else due,
                every_s=0.1,
                silence_s=silence_s,
            )
            stage.note(f"{known:,} replies")

    def _await(
        self,
        stage: StageProgress,
        known: Callable[[], int],
        due: float,
        *,
        every_s: float,
        silence_s: float,
        quiet: Callable[[], None] = lambda: None,
    ) -> int:
        """Watch a count until it is `due` or has stood still for `silence_s`. Returns the count.

        `quiet` is called whenever it has stood still for another ten seconds.
        """
        reached, since = -1, self._timing.now()
        asked = since
        while (now := known()) < due:
            if now > reached:
                reached, since = now, self._timing.now()
                asked = since
                stage.reach(now)
            elif self._timing.now() - since > silence_s:
                break
            elif self._timing.now() - asked > _HELD_S:
                asked = self._timing.now()
                quiet()
            self._timing.sleep(every_s)
        stage.reach(now)
        return now

    def _read_details(self) -> None:
        with self._stages.stage("Send details compared", self._course.total) as stage:
            read = 0
            for out_id in self._course.sent:
                rows = self._course.details[out_id] = self._all_pages(out_id)
                read += len(rows)
                stage.reach(read)
                if self._plan.receipts == "pull":
                    self._inbox.add_receipts(row.receipt for row in rows)

    def _all_pages(self, out_id: str) -> list[ComparedDetail]:
        rows: list[ComparedDetail] = []
        page = 1
        while True:
            found, total = self._page(out_id, page, _PAGE)
            rows += [_detail_row(row) for row in found]
            if page * _PAGE >= total:
                return rows
            page += 1

    def _page(self, out_id: str, page: int, size: int) -> tuple[list[dict[str, Any]], int]:
        margin = timedelta(hours=1)
        start, end = self._began - margin, datetime.now(UTC8) + margin
        return self._qa.send_details(out_id, page, start, end, page_size=size)


def _detail_row(row: Mapping[str, Any]) -> ComparedDetail:
    receipt = Receipt(
        row["outId"],
        row["phoneNum"],
        row["sendStatus"] == 2,
        row["sendDate"],
        row["receiveDate"],
        row["errCode"],
        "",
    )
    return ComparedDetail(receipt, row["content"])
