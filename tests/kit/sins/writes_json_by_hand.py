"""JSON made of pieces: a value with a quote in it becomes something else."""

from typing import Any

from acme_sms import ERRORS, Acme

from bridge.plugin import OutcomeUnknown, Vendor, hookimpl
from bridge.plugin.http import raise_for_status, translated


class Sin(Acme):
    def _call(self, method: str, path: str, body: Any = None) -> Any:
        if path != "/send":
            return super()._call(method, path, body)
        messages = ", ".join(_written(each) for each in body["messages"])
        text = f'{{"ref": "{body["ref"]}", "template": "{body["template"]}", "messages": [{messages}]}}'
        with translated():
            response = self._http.request(method, self._base + path, data=text.encode())
            raise_for_status(response)
            answer = response.json()
        code = str(answer.get("code"))
        if code == "0":
            return answer
        raise ERRORS.get(code, OutcomeUnknown)("Acme refused the call.", code=code)


def _written(message: Any) -> str:
    return f'{{"to": "{message["to"]}", "vars": {{"code": "{message["vars"]["code"]}"}}}}'


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]
