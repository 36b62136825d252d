"""The sandbox carrier from outside: its own record is the witness for duplicates and invented receipts."""

from typing import Any

import requests

from bridge.plugin.http import Session

from .campaign import CampaignFailed
from .reconciliation import CarrierMessage, CarrierRecord

_PAGE = 10_000
_PAGE_BYTES = 64 << 20  # of our own carrier: a message takes at most a few kB
_DELIVERED = "DELIVRD"


class RemoteCarrier:
    """A running sandbox carrier at `url`; `account` is the customer whose messages count."""

    def __init__(self, url: str, account: str) -> None:
        self._url = url.rstrip("/")
        self._account = account
        self._http = Session(max_answer=_PAGE_BYTES)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def open_account(self, key: str) -> None:
        """Become a customer, as anybody does before configuring a bridge."""
        headers = {"Authorization": f"Bearer {key}"}
        self._ask("PUT", f"/accounts/{self._account}", headers=headers, json={})

    def misbehave(self, **shares: float) -> None:
        """Let the carrier commit faults of its own, each at a share (0 to 1) of occasions."""
        self._ask("PUT", "/faults", json=shares)

    def mishaps(self) -> dict[str, int]:
        """Return how often each fault has happened."""
        return dict(self._ask("GET", "/faults")["happened"])

    def replies(self) -> int:
        """Return how many messages were answered by their recipients."""
        return int(self._get("/record/summary")["replies"])

    def record(self) -> CarrierRecord:
        """Return every message that was accepted, as often as it was accepted."""
        rows: list[dict[str, Any]] = []
        after: int | None = 0
        while after is not None:
            page = self._get("/record/messages", after=after, limit=_PAGE)
            rows += page["messages"]
            after = page["next"]
        messages = [
            CarrierMessage(_as_sent(row["number"]), row["text"], row["code"] == _DELIVERED) for row in rows
        ]
        return CarrierRecord(messages, sum(bool(row["reply"]) for row in rows))

    def _get(self, path: str, **query: int) -> dict[str, Any]:
        params = {"account": self._account} | {name: str(value) for name, value in query.items()}
        return self._ask("GET", path, params=params)

    def _ask(self, method: str, path: str, **how: Any) -> dict[str, Any]:
        try:
            response = self._http.request(method, self._url + path, **how)
            response.raise_for_status()
        except requests.RequestException as error:
            name = type(error).__name__
            raise CampaignFailed(
                f"The carrier at {self._url} does not answer {method} {path}: {name}."
            ) from None
        found: dict[str, Any] = response.json()
        return found


def _as_sent(number: str) -> str:
    """Return the number as Quick Audience wrote it: 11 digits at home."""
    return number.removeprefix("86") if len(number) == 13 else number
