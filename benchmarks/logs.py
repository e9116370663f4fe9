"""How long call logs take to read, and how much memory: python benchmarks/logs.py [ROWS …]

Writes a queue_log and a mapped CSV of so many rows (by default a million and ten million) to a folder that is removed
afterwards, reads each in a process of its own, and prints seconds and peak memory.
"""

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

MAPPING = """
zone: Europe/Paris
contact: id
columns: {queue: queue, customer: phone, agent: agent, arrived: arrived, joined: arrived, answered: answered,
          talk_end: ended, left: ended}
outcome: {column: how, values: {served: answered, gone: abandoned}}
"""
BLOCK = 100_000  # contacts written at once


def queue_log(path: Path, rows: int) -> None:
    """Three of four events of a call: it joins, is taken and ends, or joins and hangs up; now and then a pause."""
    rng = np.random.default_rng(1)
    clock = 1_700_000_000.0
    with path.open("w") as file:
        for start in range(0, rows, BLOCK):
            lines: list[tuple[int, str]] = []
            while len(lines) < min(BLOCK, rows - start):
                clock += rng.exponential(2)
                joined, wait, talk = int(clock), int(rng.exponential(40)), int(rng.exponential(180))
                call, agent = f"{joined}.{len(lines) + start}", f"PJSIP/{int(rng.integers(300))}"
                queue, phone = f"q{int(rng.integers(8))}", f"44{int(rng.integers(10**7)):010d}"
                lines.append((joined, f"{joined}|{call}|{queue}|NONE|ENTERQUEUE||{phone}|1"))
                if wait > 90:
                    lines.append((joined + wait, f"{joined + wait}|{call}|{queue}|NONE|ABANDON|1|1|{wait}"))
                    continue
                taken, ended = joined + wait, joined + wait + talk
                lines.append((taken, f"{taken}|{call}|{queue}|{agent}|CONNECT|{wait}|{call}9|3"))
                lines.append((ended, f"{ended}|{call}|{queue}|{agent}|COMPLETEAGENT|{wait}|{talk}|1"))
                if wait % 4 == 0:
                    lines.append((ended, f"{ended}|NONE|{queue}|{agent}|PAUSE|wrap"))
            lines.sort()
            file.writelines(f"{line}\n" for _, line in lines)


def mapped_csv(path: Path, rows: int) -> None:
    """One row a contact: id, queue, phone, agent, three moments in local time and the outcome."""
    rng = np.random.default_rng(1)
    with path.open("w") as file:
        file.write("id,queue,phone,agent,arrived,answered,ended,how\n")
        arrived = 1_700_000_000 + np.cumsum(rng.exponential(2, rows)).astype(np.int64)
        for start in range(0, rows, BLOCK):
            joined = arrived[start : start + BLOCK]
            wait, talk = (rng.exponential(mean, len(joined)).astype(np.int64) for mean in (40, 180))
            stamps = [
                np.datetime_as_string(moments.astype("datetime64[s]")) for moments in (joined, joined + wait)
            ]
            ended = np.datetime_as_string((joined + wait + talk * (wait < 90)).astype("datetime64[s]"))
            phones = rng.integers(10**7, size=len(joined))
            for row in range(len(joined)):
                served = wait[row] < 90
                file.write(
                    f"{start + row},q{phones[row] % 8},44{phones[row]:010d},a{phones[row] % 300 if served else ''},"
                    f"{stamps[0][row]},{stamps[1][row] if served else ''},{ended[row]},"
                    f"{'served' if served else 'gone'}\n"
                )


def measure(path: Path, mapping: Path | None) -> None:
    """Read one file and print what it took, as JSON."""
    from sim.history.readers import read_log

    start = time.perf_counter()
    contacts = read_log(path, mapping=mapping, zone="Europe/Paris")
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"contacts": len(contacts), "seconds": round(seconds, 1), "megabytes": round(peak)}))


def main(sizes: list[int]) -> None:
    """Write, read and print for every size."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "map.yaml").write_text(MAPPING)
        for rows in sizes:
            for kind, write in (("queue_log", queue_log), ("mapped.csv", mapped_csv)):
                path = folder / kind
                write(path, rows)
                mapping = str(folder / "map.yaml") if kind == "mapped.csv" else ""
                command = [sys.executable, __file__, "--measure", str(path), mapping]
                done = subprocess.run(command, capture_output=True, text=True)
                print(
                    f"{kind} {rows:,} rows, {path.stat().st_size / 1e6:.0f} MB: {done.stdout or done.stderr}",
                    end="",
                )
                path.unlink()


if __name__ == "__main__":
    if sys.argv[1:2] == ["--measure"]:
        measure(Path(sys.argv[2]), Path(sys.argv[3]) if sys.argv[3] else None)
    else:
        main([int(size) for size in sys.argv[1:]] or [10**6, 10**7])
