"""The number of repeats of every new adapter is raised where `requests` keeps its default."""

import requests.adapters
from acme_sms import Acme

from bridge.plugin import Channel


class Sin(Acme):
    def __init__(self, channel: Channel) -> None:
        super().__init__(channel)
        requests.adapters.DEFAULT_RETRIES = 3
