"""Brings encrypted and signed texts to browsers, through whatever push service they have."""

from __future__ import annotations

from typing import TYPE_CHECKING

from restante.channels.failures import FailureReason, failed
from restante.crypto import vapid
from restante.crypto.web_push import Browser, encrypt, topic
from restante.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from restante.channels.channel import Notification
    from restante.channels.transports import Http
    from restante.crypto.vapid import VapidKeys
    from restante.subscriptions import Subscription


class Push:
    """Encrypts for one browser, signs, and posts through *http* with its guard against SSRF."""

    def __init__(self, http: Http, keys: VapidKeys, contact: str) -> None:
        """*contact* is a URL under which push services find who sends."""
        self._http = http
        self._keys = keys
        self._contact = contact

    async def send(
        self,
        to: Subscription,
        headers: Mapping[str, str],
        text: bytes,
        notification: Notification,
    ) -> None:
        """Send once.

        Raises:
            DeliveryFailed: It was not accepted, or must not be sent there.
        """
        browser = Browser.parse(to.p256dh, to.auth)
        try:
            key = self._keys[to.root_id]
        except Unavailable:
            raise failed(FailureReason.ROOT_KEY_MISSING) from None
        at = notification.at // 1_000
        whole = {
            "Authorization": vapid.authorization(key, to.endpoint, self._contact, at),
            "Content-Encoding": "aes128gcm",
            "Content-Type": "application/octet-stream",
            "Topic": topic(browser, notification.event_id),
            **headers,
        }
        await self._http.post(to.endpoint, whole, encrypt(text, browser))
