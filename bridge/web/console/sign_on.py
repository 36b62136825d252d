"""Signing in at a provider of OpenID Connect, by Authlib: it checks state, nonce, signature and audience."""

from collections.abc import Mapping
from typing import Any, Self

import requests
import structlog
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.flask_client import FlaskOAuth2App, OAuth
from authlib.integrations.requests_client import OAuth2Session
from flask import Flask, Response
from joserfc.errors import JoseError

from bridge.plugin.http import ANSWER_BYTES, Adapter, read_answer
from bridge.services.desk.signing_in import SignInRefused
from bridge.settings import SignOnSettings

from .desk import Bridge

log = structlog.get_logger("bridge.console")

_TIMEOUT_S = 10
_MOST_REDIRECTS = 3
# Authlib believes a provider: where a list, a number or nothing stands in its JSON, Python raises.
_SENSELESS = (AttributeError, LookupError, RuntimeError, TypeError, ValueError)
_NO_WORD = (requests.RequestException, AuthlibBaseError, JoseError, *_SENSELESS)


class _Bounded(Adapter):
    """Reads each answer, a redirect's too, within the exchange's time and no further than one may go."""

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:  # type: ignore[override]
        """Send as the adapter does. Raises AnswerTooLong."""
        response = super().send(request, **{**kwargs, "stream": True})
        read_answer(response, ANSWER_BYTES)
        return response


class _Session(OAuth2Session):  # type: ignore[misc]
    """Authlib's session, whose every exchange ends: a provider that sends a byte a second holds no thread."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.max_redirects = _MOST_REDIRECTS
        for scheme in ("https://", "http://"):
            self.mount(scheme, _Bounded(threads=1))


class _Provider(FlaskOAuth2App):  # type: ignore[misc]
    client_cls = _Session


class SignOn:
    """The provider that settings name."""

    def __init__(self, app: Flask, settings: SignOnSettings, back: str) -> None:
        self._back = back
        self._provider = OAuth(app).register(
            "console",
            client_cls=_Provider,
            client_id=settings.client_id,
            client_secret=settings.client_secret.get_secret_value(),
            server_metadata_url=f"{settings.issuer}/.well-known/openid-configuration",
            client_kwargs={
                "scope": "openid email profile",
                "code_challenge_method": "S256",
                "default_timeout": _TIMEOUT_S,
            },
        )

    @classmethod
    def of(cls, app: Flask, bridge: Bridge) -> Self | None:
        """Return the provider of the configuration, None without one."""
        settings = bridge.console.sign_on
        return None if settings is None else cls(app, settings, f"{bridge.address}/console/sign-on/back")

    def leave_for(self) -> Response:
        """Send the browser to the provider."""
        try:
            answer: Response = self._provider.authorize_redirect(self._back)
        except _NO_WORD as error:
            raise _away(error) from None
        return answer

    def claims(self) -> Mapping[str, object]:
        """Return what the provider says of the person who came back from it. Raises SignInRefused."""
        try:
            token = self._provider.authorize_access_token()
        except _NO_WORD as error:
            raise _away(error) from None
        claims: Mapping[str, object] | None = token.get("userinfo")
        if claims is None:  # an answer without an identity is none
            raise _away(ValueError("no identity"))
        return claims


def _away(error: Exception) -> SignInRefused:
    """Log why, which may be third-party words; the person reads a sentence of ours."""
    log.warning("sign-on failed", error=type(error).__name__)
    return SignInRefused("The provider did not let you in, or did not answer: try again.")
