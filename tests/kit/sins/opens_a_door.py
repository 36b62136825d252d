"""The vendor is to call a door of the plugin's own."""

import socket

from acme_sms import Acme

from bridge.plugin import Channel


class Sin(Acme):
    def __init__(self, channel: Channel) -> None:
        super().__init__(channel)
        self._door = socket.socket()
        self._door.bind(("127.0.0.1", 0))
        self._door.listen()

    def close(self) -> None:
        self._door.close()
        super().close()
