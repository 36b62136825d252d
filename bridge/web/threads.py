"""gunicorn's threaded web process, made to end as soon as nothing is in flight."""

from gunicorn.workers.gthread import ThreadWorker


class PromptWorker(ThreadWorker):  # type: ignore[misc]
    """A gthread worker that closes idle connections when it is told to end.

    gunicorn's own (26.2, read 2026-11) counts them as in flight and waits `graceful_timeout` for them, so
    that a vendor or proxy that keeps its connection open would hold up every restart.
    """

    def murder_keepalived(self) -> None:
        """Close connections that waited too long for a next request; all of them when ending."""
        if not self.alive:
            for connection in self.keepalived_conns:
                connection.timeout = 0
        super().murder_keepalived()
