"""Goes through a million entries where they lie in the library's memory, without a copy for each.

Writes COUNT entries, 1,000,000 by default, then adds up the lengths and the first eight bytes of every value, in two
ways: pairs of bytes, as `items` makes them, and a memoryview over a whole batch, of which nothing is copied. The sums go
to the standard output, the entries per second to the standard error.

usage: million.py FILE [COUNT]
"""

import struct
import sys
import time

import lsmtx

VALUE = struct.Struct("<Q24s")
PER_COMMIT = 10_000


def fill(db, count):
    for start in range(0, count, PER_COMMIT):
        numbers = range(start, min(start + PER_COMMIT, count))
        db.write((b"entry/%08d" % number, VALUE.pack(number, b"value")) for number in numbers)


def by_pairs(snapshot):
    entries = total = 0
    for _, value in snapshot.items():
        entries += 1
        total += int.from_bytes(value[:8], "little")
    return entries, total


def in_place(snapshot):
    entries = total = 0
    read = struct.Struct("<Q").unpack_from
    for batch in snapshot.batches():
        memory, lengths, place = batch.memory, batch.lengths, 0
        # Four numbers an entry: where the key is, its length, where the value is, its length.
        for key_length, value_length in zip(lengths[1::4], lengths[3::4]):
            place += key_length
            total += read(memory, place)[0]
            place += value_length
        entries += batch.count
    return entries, total


def main(path, count):
    with lsmtx.open(path, durability=lsmtx.BUFFERED) as db:
        fill(db, count)
        with db.snapshot() as snapshot:
            for name, walk in [("pairs", by_pairs), ("in place", in_place)]:
                start = time.perf_counter()
                entries, total = walk(snapshot)
                seconds = time.perf_counter() - start
                print(f"{name}: {entries} entries, sum {total}")
                print(f"{name}: {entries / seconds:,.0f} entries/s", file=sys.stderr)


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) == 3 else 1_000_000)
