# ruff: noqa: E501 - each broken line is a row
"""Each check that comes free with a table, and a plugin that it catches."""

from pathlib import Path
from typing import NamedTuple

import pytest

from .installing import lay
from .ruling import failures_at

PLUGIN, TABLE, README = "acme_sms.py", "test_acme.py", "README.md"
QUERY_SIGN = "def query_sign(self, channel: Channel, sign_name: str) -> SignReview:"
SENDING = '        answer = self._call("POST", "/send", self._body(batch))\n'
LOGGING = 'log.info("%d messages", len(batch.messages))'
VERIFYING = "if not hmac.compare_digest(digest.encode(), given):"


class Broken(NamedTuple):
    """A line of Acme changed, the test that fails, and a piece of what it says."""

    id: str
    old: str
    new: str
    test: str
    says: str
    file: str = PLUGIN
    also: tuple[str, str, str] | None = None


HOOKS = [
    Broken("unmarked", f"@hookimpl\n    {QUERY_SIGN}", QUERY_SIGN, "hooks_match", "query_sign lacks @hookimpl"),
    Broken("misspelt", "def query_sign(", "def query_signs(", "hooks_match", "there is no such hook"),
    Broken("renamed argument", "sign_name: str)", "sign: str)", "hooks_match", "query_sign takes sign;"),
    Broken("argument left out", ", sign_name: str)", ")", "hooks_match", "must take (self, channel, sign_name)"),
    Broken("default", "sign_name: str)", 'sign_name: str = "")', "hooks_match", "without defaults"),
    Broken("wrapper", f"@hookimpl\n    {QUERY_SIGN}", f"@hookimpl(wrapper=True)\n    {QUERY_SIGN}", "hooks_match", "is a wrapper"),
    Broken("coroutine", QUERY_SIGN, f"async {QUERY_SIGN}", "hooks_match", "must be an ordinary function"),
    Broken("not registered", "return [Acme]", "return []", "is_registered", "neither a vendor nor a policy"),
    Broken("other major", '@hookimpl\ndef register', 'bridge_api = 2\n\n\n@hookimpl\ndef register', "is_registered", "version 2 of the plugin API"),
]  # fmt: skip

RESULTS = [
    Broken("one result too few", "return results", "return results[1:]", "test_send", "2 messages, but 1 results"),
    Broken("no result", "return results", "return None", "test_send", "send_batch returned None"),
    Broken("other order", "return results", "return results[::-1]", "test_send", "expected the vendor's id 'a1'"),
    Broken("other type", "return results", "return [tuple(r) for r in results]", "test_send", "must be a SubmitResult"),
    Broken("no reason", '"Acme refused the message."', '""', "test_send", "needs a code and a reason"),
    Broken("answer of another kind", "return SignReview(", "return str(", "test_query", "query_sign returned a str, not a SignReview"),
    Broken("no answer", "return SignReview(", "SignReview(", "test_query", "was None"),
    Broken("bug in a query", 'REVIEWS[self._call("GET", f"/signs', '{}[self._call("GET", f"/signs', "test_query", "KeyError came out"),
    Broken("other acknowledgement", 'b"OK"', 'b"ok"', "test_webhook", "expected Acknowledgement"),
    Broken("webhook of another kind", "return WebhookResult(_receipts(page), _replies(page), acknowledgement=Acknowledgement(b\"OK\"))", "return _receipts(page)", "test_webhook", "parse_webhook returned a list, not a WebhookResult"),
    Broken("reply lost", "_replies(page), ack", "(), ack", "test_webhook", "but was"),
    Broken("cursor lost", '_receipts(page), page["next"]', "_receipts(page)", "test_poll", "cursor=''"),
    Broken("look-up by chance", "accepted(found[m.phone.digits])", "unknown('?')", "test_reconcile", "expected accepted, was unknown"),
]  # fmt: skip

SHAPE = [
    Broken("equal objects", "    def close(", "    def __eq__(self, other: object) -> bool:\n        return True\n\n    def close(", "by_identity", "__eq__"),
    Broken("bridge module", "import hmac", "import hmac\nimport bridge.contract", "only_the_plugin_api", "imports bridge.contract"),
    Broken("from bridge", "import hmac", "import hmac\nfrom bridge import channels", "only_the_plugin_api", "imports bridge.channels"),
    Broken("by name", "import hmac", "import hmac\nfrom importlib import import_module\nimport_module('bridge.logs')", "only_the_plugin_api", "imports bridge.logs"),
    Broken("unknown setting", "    base_url: str", "    model_config = {'extra': 'ignore'}\n    base_url: str", "wrong_settings", "an unknown setting is not refused"),
    Broken("all optional", "    base_url: str\n    api_secret: SecretStr", "    base_url: str = ''\n    api_secret: SecretStr = SecretStr('')", "wrong_settings", "an empty table of settings is not refused"),
    Broken("secret shown", "    base_url: str", "    model_config = {'hide_input_in_errors': False}\n    base_url: str", "wrong_settings", "shows a secret"),
    Broken("secret as text", "    base_url: str", "    old_password: str = ''\n    base_url: str", "wrong_settings", "old_password must be a SecretStr"),
    Broken("README", "| `poll` |", "| |", "readme", "does not mention the setting poll", README),
    Broken("called too early", "self._batch: Batch | None = None", "self._call('GET', '/account')", "test_send", "the constructor must not call the vendor"),
]  # fmt: skip

ROWS = [
    Broken("no refusal", 'Query("no sign", "query_sign"', 'Query("no sign", "query_template"', "table_is_complete", "query_sign has no row for a refusal", TABLE),
    Broken("no success", 'Reconcile(\n            "found one"', 'Send(\n            "found one"', "table_is_complete", "reconcile_batch has no row for a success", TABLE),
    Broken("no refusal of a poll", 'Poll("no receipts", "poll_receipts"', 'Poll("no receipts", "poll_replies"', "table_is_complete", "poll_receipts has no row for a refusal", TABLE),
    Broken("two names", '"no money"', '"silence"', "table_is_complete", "'silence' names two rows", TABLE),
    Broken("loss called failure", "post(Lost.TIMEOUT), Outcome.UNKNOWN", "post(Lost.TIMEOUT), Outcome.REJECTED", "table_is_complete", "at least one message must be unknown", TABLE),
    Broken("hook gone", "@hookimpl\n    def reconcile_batch", "def look_up", "table_is_complete", "reconcile_batch has rows but is not implemented"),
    Broken("not local", "    errors = ERRORS\n", "    errors = ERRORS\n    local = ('query_sign',)\n", "test_query", "named in `local` but makes requests", TABLE),
    Broken("no operation is local", "    errors = ERRORS\n", "    errors = ERRORS\n    local = ('query_signs',)\n", "table_is_complete", "`local` names 'query_signs', which is no operation", TABLE),
    Broken("no role is impossible", "    errors = ERRORS\n", "    errors = ERRORS\n    impossible = {'query_sign': 'No.'}\n", "table_is_complete", 'give an operation and "success" or "refusal"', TABLE),
    Broken("status is a word", "    statuses = STATUSES\n", "    statuses = STATUSES | {'gone': 'expired'}\n", "table_is_complete", "`statuses` calls 'gone' 'expired'", TABLE),
    Broken("error is a word", "    errors = ERRORS\n", "    errors = ERRORS | {'99': 'rejected'}\n", "table_is_complete", "`errors` calls '99' 'rejected'", TABLE),
    Broken("limits are a number", "    def close(", "    limits = 10  # type: ignore\n\n    def close(", "table_is_complete", "`limits` is 10, not a Limits"),
    Broken("limits of nothing", "    def close(", "    limits = __import__('bridge.plugin').plugin.Limits(0)\n\n    def close(", "table_is_complete", "one message at least"),
    Broken("row beyond the limits", "    def close(", "    limits = __import__('bridge.plugin').plugin.Limits(1)\n\n    def close(", "table_is_complete", "'accepted' has 2 messages, but `limits` lets a call carry 1"),
    Broken("lost answer not shown", SENDING, '        answer: Any = {"results": [{"id": "a1"}, {"id": "a2"}]}\n', "refused_connection", "the request was never made"),
]  # fmt: skip

WIRE = [
    Broken("no time-out", "Session()", "__import__('requests').Session()", "test_send", "without a time-out"),
    Broken("no read time-out", "Session()", "Session(timeout=(5, None))", "test_send", "timeout=(5, None)"),
    Broken("reply unused", SENDING, '        answer: Any = {"results": [{"id": "a1"}, {"id": "a2"}]}\n', "test_send", "POST /send: the request was never made"),
    Broken("request unmatched", SENDING, f'        self._http.get(self._base + "/account")\n{SENDING}', "test_send", "the table has no such request"),
    Broken("other body", '"ref": batch.ref', '"ref": "x"', "test_send", "JSON body ref: wanted 'c1', was 'x'"),
    Broken("other header", '["X-Key"]', '["X-Kee"]', "test_send", "header x-key: wanted"),
    Broken("real address", SENDING, f"        try:\n            __import__('socket').create_connection(('192.0.2.1', 80), 1)\n        except OSError:\n            pass\n{SENDING}", "test_send", "a connection to the real network"),
    Broken("real name", SENDING, f'        try:\n            __import__("socket").create_connection(("acme.example", 80), 1)\n        except OSError:\n            pass\n{SENDING}', "test_send", "a name of the real network"),
    Broken("call from a webhook", "        digest = ", "        self._http.get(self._base + '/account')\n        digest = ", "test_webhook", "the table has no such request"),
]  # fmt: skip

LEAKS = [
    Broken("secret logged", LOGGING, 'log.debug("key %s", self._secret)', "test_send", "the log shows a secret"),
    Broken("credentials logged", LOGGING, 'log.debug("Basic %s", __import__("base64").b64encode(f"u:{self._secret}".encode()))', "test_send", "the log shows a secret"),
    Broken("number logged", LOGGING, 'log.info("to %s", batch.messages[0].phone.e164)', "test_send", "the log shows a full phone number"),
    Broken("number in groups", LOGGING, 'log.info("to 138 0013 8000")', "test_send", "the log shows a full phone number"),
    Broken("number in a traceback", LOGGING, "try:\n            int(batch.messages[0].phone.e164 + '!')\n        except ValueError:\n            log.exception('odd')", "test_send", "the log shows a full phone number"),
    Broken("secret in an error", '"Acme refused the call."', "f'key {self._secret}'", "test_send", "an exception shows a secret"),
    Broken("number in a reason", '"Acme refused the message."', "'no 13800138000'", "test_send", "the answer shows a full phone number"),
    Broken("secret in a repr", "    def close(", "    def __repr__(self) -> str:\n        return self._secret\n\n    def close(", "test_send", "a repr shows a secret"),
    Broken("secret in a record", '        self._http.headers["X-Key"] = self._secret', '        self._http.headers["X-Key"] = self._secret\n        self._http.headers["X-Id"] = self._secret.encode().hex()', "test_send", "a recorded exchange shows a secret"),
]  # fmt: skip

LOST = [
    Broken("resent", SENDING, f"        try:\n    {SENDING}        except OutcomeUnknown:\n    {SENDING}", "broken_answer", "repeated blindly"),
    Broken("loss called failed", SENDING, f"        try:\n    {SENDING}        except OutcomeUnknown:\n            return [rejected('X', 'Lost.')] * len(batch.messages)\n", "broken_answer", "Outcome.REJECTED"),
    Broken("bug called failed", SENDING, f"        try:\n    {SENDING}        except Exception:\n            return [rejected('X', 'Bug.')] * len(batch.messages)\n", "bug_in_a_send", "a bug gives"),
    Broken("refused called lost", SENDING, f"        try:\n    {SENDING}        except BridgeError:\n            raise OutcomeUnknown('Lost.') from None\n", "refused_connection", "a refused connection gives"),
    Broken("page taken for an answer", "            raise_for_status(response)\n            answer = response.json()", "            answer = response.json() if response.text[:1] == '{' else {'code': 0, 'results': [{'id': 'a1'}, {'id': 'a2'}]}", "broken_answer", "Outcome.ACCEPTED"),
    Broken("nothing taken for everything", 'answer["results"]]', 'answer.get("results", [{"id": "a1"}, {"id": "a2"}])]', "broken_answer", "JSON that holds nothing of the answer: {<Outcome.ACCEPTED", also=(PLUGIN, 'if code == "0":', 'if code in ("0", "None"):')),
    Broken("healthy without answer", "return Health(error.reason, error)", "return Health('fine')", "lost_answer_is_an_error", "no error of bridge.plugin"),
    Broken("absence without answer", 'found = self._call("GET", f"/sent?ref={batch.ref}")["found"]', "try:\n            found = self._call('GET', f'/sent?ref={batch.ref}')['found']\n        except BridgeError:\n            return [rejected('X', 'Gone.')] * len(batch.messages)", "lost_answer_is_an_error", "the look-up claims rejected"),
]  # fmt: skip

FORGED = [
    Broken("not verified", VERIFYING, "if False:", "forged", "came to"),
    Broken("verified when present", VERIFYING, "if given and not hmac.compare_digest(digest.encode(), given):", "forged", "not signed: came to"),
    Broken("body not covered", "self._secret.encode(), request.body,", "self._secret.encode(), b'',", "forged", "came to", also=(TABLE, "SECRET.encode(), request.body,", "SECRET.encode(), b'',")),
    Broken("stumbles over no header", 'request.headers.get("x-acme-signature", "")', 'request.headers["x-acme-signature"]', "forged", "KeyError"),
    Broken("no signature made", "return replace(request, headers={**request.headers, \"x-acme-signature\": digest})", "return request", "forged", "define sign(request)", TABLE),
]  # fmt: skip

CODES = [
    Broken("unknown status is failed", "MessageStatus.ACCEPTED),", "MessageStatus.UNDELIVERABLE),", "test_status", "a status the vendor does not have became"),
    Broken("unknown status stumbles", 'STATUSES.get(each["status"], MessageStatus.ACCEPTED)', 'STATUSES[each["status"]]', "test_status", "KeyError"),
    Broken("status not mapped", 'STATUSES.get(each["status"], MessageStatus.ACCEPTED)', 'MessageStatus.DELIVERED if each["status"] == "ok" else MessageStatus.ACCEPTED', "test_status", "dead became"),
    Broken("unknown code is resent", "ERRORS.get(code, OutcomeUnknown)", "ERRORS.get(code, VendorThrottled)", "test_error", "a code the vendor does not have became not_sent"),
    Broken("code not mapped", "ERRORS.get(code, OutcomeUnknown)", "(OutcomeUnknown)", "test_error", "17: expected not_sent, was unknown"),
    Broken("code not told", 'refused the call.", code=code)', 'refused the call.")', "test_error", "expected the code '17'"),
]  # fmt: skip

THREADS = [
    Broken("state of one call", SENDING, f"        self._batch = batch\n{SENDING}        batch = self._batch\n        answer['results'] = answer['results'][:len(batch.messages)]\n", "two_threads", "two threads at once:"),
    Broken("bound to a thread", "self._batch: Batch | None = None", "self._db = __import__('sqlite3').connect(':memory:')", "two_threads", "ProgrammingError", also=(PLUGIN, LOGGING, "self._db.execute('select 1')")),
]  # fmt: skip

ALL = [*HOOKS, *RESULTS, *SHAPE, *ROWS, *WIRE, *LEAKS, *LOST, *FORGED, *CODES, *THREADS]


@pytest.mark.usefixtures("swept")
# What a broken line leaves open is its own.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning")
@pytest.mark.parametrize("broken", ALL, ids=[each.id for each in ALL])
def test_the_kit_catches(broken: Broken, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The broken line fails the test that is there for it, with words that lead to it."""
    lay(tmp_path, (broken.file, broken.old, broken.new), *([broken.also] if broken.also else []))
    told = [says for _, says in failures_at(tmp_path, broken.test, monkeypatch)]
    assert told, "nothing failed"
    assert broken.says in "\n".join(told)
