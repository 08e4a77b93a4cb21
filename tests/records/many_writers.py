"""Many processes append to one store at once; checks that every record is there once, whole and in its writer's order.

`python -m tests.records.many_writers 32 1000` prints what happened; the test suite runs it with fewer.
"""

import multiprocessing
import statistics
import sys
import tempfile
import time

from pomonag.records.record_store import RecordStore


def _write(folder, writer, count, barrier, times):
    store = RecordStore(folder)
    barrier.wait()
    took = []
    for i in range(count):
        start = time.perf_counter()
        store.append({"writer": writer, "i": i, "filler": "x" * (37 * writer + i) * 3})
        took.append(time.perf_counter() - start)
    times.put(statistics.median(took))


def write_at_once(folder, writers, count):
    """Returns the writers' median seconds an append; raises AssertionError when a record was lost, torn or doubled."""
    context = multiprocessing.get_context("fork")
    barrier, times = context.Barrier(writers), context.SimpleQueue()
    processes = [context.Process(target=_write, args=(folder, w, count, barrier, times)) for w in range(writers)]
    for process in processes:
        process.start()
    medians = [times.get() for _ in processes]
    for process in processes:
        process.join()
        assert process.exitcode == 0
    records, problems = RecordStore(folder).read()
    assert problems == []
    for writer in range(writers):
        own = [record for record in records if record["writer"] == writer]
        assert [record["i"] for record in own] == list(range(count))
        assert all(len(record["filler"]) == (37 * writer + record["i"]) * 3 for record in own)
    assert len(records) == writers * count
    return statistics.median(medians)


if __name__ == "__main__":
    writers, count = int(sys.argv[1]), int(sys.argv[2])
    with tempfile.TemporaryDirectory() as temporary:
        median = write_at_once(temporary, writers, count)
    print(
        f"{writers} writers x {count} records: none lost, torn or doubled; "
        f"each waited {1000 * median:.2f} ms for an append (median, all writing at once)"
    )
