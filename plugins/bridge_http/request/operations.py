"""Operations and polls ready to run: the request and the readers of its answer."""

from ..answer.conditions import compile_test
from ..answer.errors import ErrorTable
from ..answer.judging import Judge
from ..answer.reports import ReportReader, check_words
from ..answer.results import SendReader
from ..faults import RecipeFault
from ..language.moments import Clock
from ..language.paths import Path, compile_path
from ..schema import OperationTable, PollTable, Recipe, Response
from .building import RequestPlan


class CompiledOperation:
    """An operation's request and the readers of its answer."""

    def __init__(
        self, plan: RequestPlan | None, operation: OperationTable, recipe: Recipe, rules: ErrorTable, key: str
    ) -> None:
        self.faults: list[RecipeFault] = []
        self.plan = plan
        key = f"{key}.response"
        response, charset = operation.response, operation.request.charset
        self.reader = SendReader(response, rules, charset, key, self.faults)
        sends = key.split(".")[1] in ("send_batch", "send_digital_batch", "reconcile_batch")
        self.judge = self.reader.judge if sends else Judge(response, rules, charset, key, self.faults)
        self.response = response
        self.each = operation.each
        self.names_template = operation.names_template
        self.clock = Clock(response.time.format, response.time.zone or recipe.vendor.timezone)
        self.vendor_code = compile_path(response.vendor_code, f"{key}.vendor_code", self.faults)
        self.status = compile_path(response.status, f"{key}.status", self.faults)
        self.reason = compile_path(response.reason, f"{key}.reason", self.faults)
        self.created = compile_path(response.created, f"{key}.created", self.faults)
        self.carriers: dict[str, Path] = {
            carrier: compile_path(path, f"{key}.carriers.{carrier}", self.faults)
            for carrier, path in response.carriers.items()
        }


class CompiledPoll:
    """A poll's request and the readers of its pages."""

    def __init__(
        self,
        kind: str,
        poll: PollTable,
        plan: RequestPlan | None,
        recipe: Recipe,
        rules: ErrorTable,
        faults: list[RecipeFault],
    ) -> None:
        key = f"poll.{kind}"
        check_words(poll, kind, key, faults)
        self.poll = poll
        self.plan = plan
        always = [{"path": "status", "matches": "^2"}]
        response = Response.model_validate(
            {
                "decode": poll.decode,
                "accepted": [c.model_dump(by_alias=True, exclude_none=True) for c in poll.accepted] or always,
                "code": poll.code,
                "message": poll.message,
            }
        )
        self.judge = Judge(response, rules, poll.request.charset, key, faults)
        self.reports = ReportReader(poll, rules, recipe, key, faults)
        self.until = compile_test(poll.until, f"{key}.until", faults) if poll.until else None
        self.cursor = compile_path(poll.cursor, f"{key}.cursor", faults)
