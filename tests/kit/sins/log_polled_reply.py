"""What a person answered, in the log, when replies are polled."""

import logging

from acme_sms import Acme

from bridge.plugin import Channel, PollWindow, ReplyPage, Vendor, hookimpl


class Sin(Acme):
    @hookimpl
    def poll_replies(self, channel: Channel, window: PollWindow) -> ReplyPage:
        page = super().poll_replies(channel, window)
        logging.getLogger("sin").info("replies: %s", [reply.content for reply in page.replies])
        return page


@hookimpl
def register_vendors() -> list[type[Vendor]]:
    return [Sin]
