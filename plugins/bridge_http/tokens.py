"""How the token of a recipe is fetched and read."""

from .answer.errors import ErrorTable
from .answer.judging import Judge
from .auth.base import Known
from .auth.token import Token
from .faults import RecipeFault
from .language.paths import compile_path
from .request.building import compile_request
from .schema import RequestTable, Response


class TokenPlan:
    """How a token is fetched and read."""

    def __init__(
        self, scheme: Token, names: Known, base_url: str, rules: ErrorTable, faults: list[RecipeFault]
    ) -> None:
        auth = (
            {"scheme": "basic", "user": scheme.basic[0], "password": scheme.basic[1]}
            if len(scheme.basic) == 2
            else None
        )
        body = {"json": scheme.json_} if scheme.json_ is not None else {"form": scheme.form or {}}
        request = RequestTable.model_validate(
            {"path": scheme.path, **body, **({"auth": auth} if auth else {})}
        )
        self.plan = compile_request(request, names, base_url, "auth.token", faults)
        self.token = compile_path(scheme.token, "auth.token.token", faults)
        self.expires = compile_path(scheme.expires, "auth.token.expires", faults)
        self.early_s = scheme.early_s
        response = Response.model_validate({"accepted": [{"path": scheme.token, "present": True}]})
        self.judge = Judge(response, rules, "utf-8", "auth.token", faults)
