"""One request of 100,000 recipients in a process of its own: prints what it took, as JSON."""

import json
import resource
import sys
import time
from pathlib import Path

from bridge import logs

from .world import World

COUNT = 100_000


def write_body(sent: Path, code: str) -> None:
    """About 16 MB: numbers and four values for each; written piece by piece to spend no memory on it."""
    with sent.open("w", encoding="utf-8") as out:
        out.write(f'{{"outId":"large","signName":"Acme","templateCode":"{code}","phoneNumberJson":[')
        out.writelines(f'{"," if index else ""}"{13800000000 + index}"' for index in range(COUNT))
        out.write('],"templateParamJson":[')
        for index in range(COUNT):
            out.write(
                f'{"," if index else ""}{{"name":"客户{index:06}","age":{index}.10,'
                f'"link":"https://s.example.com/{index:032}?ph={index:08}","code":"{index:032}"}}'
            )
        out.write("]}")


def peak_mb() -> float:
    """Return the most memory this process ever had, in megabytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main(folder: Path) -> None:
    """Send it once to a bridge in `folder`."""
    logs.configure()
    world = World(folder, bridge={}, channels={})
    sent = folder / "body.json"
    code = world.template()
    write_body(sent, code)
    size = sent.stat().st_size
    before = peak_mb()
    signed = world.signed()
    with sent.open("rb") as stream:
        started = time.perf_counter()
        answer = world.client.post(
            "/sms/sendBatchList", input_stream=stream, content_length=size, **signed
        ).get_json()
        seconds = time.perf_counter() - started
    print(json.dumps({"size": size, "seconds": seconds, "before": before, "peak": peak_mb(), **answer}))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
