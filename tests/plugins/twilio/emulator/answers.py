"""The JSON shapes of Twilio's answers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any, TypeVar
from urllib.parse import urlencode

from .account import Message, Refused, Service

T = TypeVar("T")


def rfc2822(moment: datetime) -> str:
    """As the 2010 API writes times."""
    return format_datetime(moment.astimezone(UTC).replace(microsecond=0))


def iso(moment: datetime) -> str:
    """As the v1 APIs write times."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def message(account_sid: str, one: Message) -> dict[str, Any]:
    """Return a message resource."""
    uri = f"/2010-04-01/Accounts/{account_sid}/Messages/{one.sid}"
    final = one.status in ("sent", "delivered", "undelivered", "failed", "read")
    return {
        "account_sid": account_sid,
        "api_version": "2010-04-01",
        "body": one.body,
        "date_created": rfc2822(one.created),
        "date_sent": rfc2822(one.updated) if final else None,
        "date_updated": rfc2822(one.updated),
        "direction": one.direction,
        "error_code": one.error_code,
        "error_message": None,
        "from": one.from_,
        "messaging_service_sid": one.service_sid,
        "num_media": str(len(one.media)),
        "num_segments": "0" if one.service_sid else "1",
        "price": None,
        "price_unit": "USD",
        "sid": one.sid,
        "status": one.status,
        "subresource_uris": {"media": f"{uri}/Media.json"},
        "to": one.to,
        "uri": f"{uri}.json",
    }


def error(status: int, code: int, text: str) -> dict[str, Any]:
    """Return an error body."""
    return {
        "code": code,
        "message": text,
        "more_info": f"https://www.twilio.com/docs/errors/{code}",
        "status": status,
    }


def service(account_sid: str, one: Service) -> dict[str, Any]:
    """Return a messaging service."""
    return {
        "account_sid": account_sid,
        "date_created": iso(one.created),
        "date_updated": iso(one.created),
        "friendly_name": "emulated",
        "sid": one.sid,
        "us_app_to_person_registered": bool(one.campaigns),
        "url": f"https://messaging.twilio.com/v1/Services/{one.sid}",
        "links": {},
    }


@dataclass(frozen=True)
class Paging:
    """The page that a list call asks for."""

    path: str
    query: Mapping[str, str]
    page: int
    size: int

    @classmethod
    def read(cls, path: str, query: Mapping[str, str], most: int) -> "Paging":
        """Raises Refused for a page size that Twilio does not take."""
        size = int(query.get("PageSize", 50))
        if not 1 <= size <= most:
            raise Refused(20006, f"Page size must be between 1 and {most}")
        kept = {name: value for name, value in query.items() if name not in ("Page", "PageSize")}
        return cls(path, kept, int(query.get("Page", 0)), size)

    def shown(self, rows: Sequence[T]) -> Sequence[T]:
        """Return the rows of the page."""
        return rows[self.page * self.size : (self.page + 1) * self.size]

    def address(self, page: int) -> str:
        """Path and query of another page."""
        return f"{self.path}?{urlencode({**self.query, 'PageSize': self.size, 'Page': page})}"


def page_2010(key: str, shown: Sequence[Any], total: int, paging: Paging) -> dict[str, Any]:
    """Return a page of the 2010 API: the next page as a relative address."""
    page, size = paging.page, paging.size
    return {
        key: shown,
        "page": page,
        "page_size": size,
        "start": page * size,
        "end": page * size + max(0, len(shown) - 1),
        "uri": paging.path,
        "first_page_uri": paging.address(0),
        "previous_page_uri": paging.address(page - 1) if page else None,
        "next_page_uri": paging.address(page + 1) if (page + 1) * size < total else None,
    }


def page_v1(host: str, key: str, rows: Sequence[Any], paging: Paging) -> dict[str, Any]:
    """Return a page of a v1 API: the next page as an absolute address of the real host."""
    page, size = paging.page, paging.size
    origin = f"https://{host}"
    return {
        key: paging.shown(rows),
        "meta": {
            "key": key,
            "page": page,
            "page_size": size,
            "url": origin + paging.path,
            "first_page_url": origin + paging.address(0),
            "previous_page_url": origin + paging.address(page - 1) if page else None,
            "next_page_url": origin + paging.address(page + 1) if (page + 1) * size < len(rows) else None,
        },
    }
