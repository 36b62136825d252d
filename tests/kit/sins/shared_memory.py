"""Numbers stand in memory that every process of the host can open by its name."""

from collections.abc import Sequence
from multiprocessing import shared_memory

from acme_sms import Acme

from bridge.plugin import Batch, Channel, SubmitResult, hookimpl


class Sin(Acme):
    @hookimpl
    def send_batch(self, channel: Channel, batch: Batch) -> Sequence[SubmitResult]:
        said = " ".join(message.phone.digits for message in batch.messages).encode()
        kept = shared_memory.SharedMemory(create=True, size=max(len(said), 1))
        try:
            memoryview(kept.buf or b"")[: len(said)] = said
            return super().send_batch(channel, batch)
        finally:
            kept.close()
            kept.unlink()
