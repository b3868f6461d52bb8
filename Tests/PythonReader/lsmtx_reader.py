"""Reads a store of LSMTx, after nothing but the page FileFormat of its documentation."""

import argparse
import fcntl
import heapq
import mmap
import os
import sys
from collections import namedtuple
from struct import unpack_from

import lsmtx_log
from lsmtx_fields import (
    GOLDEN, LARGE_VALUE, MASK, MAX_BLOCK, MAX_FILE, MAX_SEGMENT, PAGE, RANGE_TOMBSTONE, TOMBSTONE,
    Busy, Cursor, Pointer, RangeTombstone, StoreError,
)
from xxh3 import xxh3

SLOTS, MAGIC, VERSION = (0, 65_536), b"\x89LSMTx\r\n\x1a\n\0\0", 2
EXTENT_HEADER, DATA, INDEX, FILTER, PROPERTIES, BASE, EDIT, LARGE, RANGES = range(1, 10)

Table = namedtuple("Table", "number properties statistics extents large_count")
Statistics = namedtuple("Statistics", "entries keys tombstones blocks block_bytes oldest newest first last ranges")


class Store:
    """A store that is open for reading. Raises StoreError, Busy or OSError."""

    def __init__(self, path, verify=True, check=False):
        self.verify, self.check = verify, check
        self.tables, self.snapshots, self.collected_floor = {}, {}, 0
        self.locked = open(path, "rb")  # Closing it gives up the locks.
        self._lock()
        if os.fstat(self.locked.fileno()).st_size == 0:
            raise StoreError("not a store: the file is empty")
        self.file = mmap.mmap(self.locked.fileno(), 0, access=mmap.ACCESS_READ)
        self._read_superblock()
        self._read_manifest()
        self.log_versions, self.log_ranges = lsmtx_log.replay(self)

    def _lock(self):
        try:
            for byte in (2**62, 2**62 + 1 + os.getpid()):
                fcntl.lockf(self.locked, fcntl.LOCK_SH | fcntl.LOCK_NB, 1, byte)
        except (BlockingIOError, PermissionError) as error:
            raise Busy("the store is open elsewhere") from error

    def bytes_at(self, offset, length, what):
        if offset + length > len(self.file):
            raise StoreError(f"damaged: {what} at {offset} reaches past the end of the file")
        return self.file[offset : offset + length]

    # Superblocks

    def _read_superblock(self):
        slots = [self.file[offset : offset + PAGE] for offset in SLOTS]
        valid = [s for s in map(self._superblock, slots, SLOTS) if s]
        if not valid:
            versions = [unpack_from("<I", s, 12)[0] for s in slots if s[:12] == MAGIC and len(s) >= 16]
            if not versions:
                raise StoreError("not a store: no superblock has the magic")
            if any(v != VERSION for v in versions):
                raise StoreError(f"unsupported: the format version is {max(versions)}")
            raise StoreError(f"damaged: checksum or fields of both superblocks are wrong, at offsets {SLOTS}")
        if len({s["identity"] for s in valid}) > 1:
            raise StoreError("damaged: the superblocks have different identities")
        self.superblock = max(valid, key=lambda s: s["generation"])
        self.identity = self.superblock["identity"]
        self.seed = xxh3(self.identity)

    @staticmethod
    def _superblock(slot, offset):
        if len(slot) < PAGE or slot[:12] != MAGIC or unpack_from("<I", slot, 12)[0] != VERSION:
            return None
        if unpack_from("<Q", slot, 16)[0] != xxh3(slot[:16] + bytes(8) + slot[24:], offset + 1):
            return None
        fields = Cursor(slot, "a superblock", 24)
        names = ("generation", "flags_and_reserved", "extent_size", "floor", "flushed", "next_table", "reuse_floor")
        superblock = {"identity": fields.take(16)} | {name: fields.number(8) for name in names}
        names = ("offset", "length", "epoch", "lsn", "checksum")
        superblock["log"] = {name: fields.number(8) for name in names}
        superblock["reach"] = fields.number(8)
        try:
            superblock["base"] = fields.pointer()
            count = fields.number(2)
            superblock["edits"] = [fields.pointer() for _ in range(min(count, 65))]
        except StoreError:
            return None
        extent_size = superblock["extent_size"]
        sizes_are_right = extent_size % PAGE == 0 and 4 * PAGE <= extent_size <= MAX_SEGMENT and count <= 64
        return superblock if sizes_are_right and superblock["generation"] > 0 else None

    # Sealed blocks

    def seed_at(self, offset):
        return self.seed ^ (offset * GOLDEN & MASK)

    def _block(self, pointer, kind, what, generation=None):
        """The payload of a sealed block; `pointer.checksum` is None when nothing points to it."""
        block = self.bytes_at(pointer.offset, pointer.length, what)
        checksum, written_for, size, kind_found, codec = unpack_from("<QQIBB", block)
        if pointer.checksum not in (None, checksum):
            raise StoreError(f"damaged: checksum mismatch at {pointer.offset}: {what} is not the one that is named")
        if self.verify and checksum != xxh3(block[8:], self.seed_at(pointer.offset)):
            raise StoreError(f"damaged: checksum mismatch at {pointer.offset} in {what}")
        if (size + 24, kind_found, codec) != (pointer.length, kind, 0) or generation not in (None, written_for):
            raise StoreError(f"damaged: wrong length, kind, codec or generation at {pointer.offset} in {what}")
        return block[24:]

    # The manifest

    def _read_manifest(self):
        blocks = [(self.superblock["base"], BASE)] + [(edit, EDIT) for edit in self.superblock["edits"]]
        for pointer, kind in blocks:
            self._apply(Cursor(self._block(pointer, kind, "the manifest"), "the manifest"))

    def _apply(self, fields):
        added, removed, named, unnamed = [], [], {}, []
        while not fields.at_end():
            tag = fields.number(1)
            if tag == 1:
                added.append(self._descriptor(fields))
            elif tag == 2:
                removed.append(fields.varint())
            elif tag == 16:
                limits = fields.number(1)
                if limits > 7:
                    raise StoreError("unsupported: the manifest has an unknown limit of retention")
                for _ in range(limits.bit_count()):
                    fields.varint()
            elif tag == 17:
                self.collected_floor = max(self.collected_floor, fields.varint())
            elif tag == 18:
                name = fields.prefixed()
                named[name] = fields.varint()
                fields.varint()
            elif tag == 19:
                unnamed.append(fields.prefixed())
            elif tag == 20:
                for _ in range(3 * fields.varint()):
                    fields.varint()
            elif tag == 21:
                fields.varint(), fields.varint()
            else:
                raise StoreError(f"unsupported: the manifest has a field with tag {tag}")
        for number in removed:
            if self.tables.pop(number, None) is None:
                raise StoreError(f"damaged: the manifest removes table {number}, which is not there")
        for table in added:
            if self.tables.setdefault(table.number, table) is not table:
                raise StoreError(f"damaged: the manifest adds table {table.number} twice")
        for name in unnamed:
            self.snapshots.pop(name, None)
        self.snapshots.update(named)

    def _descriptor(self, fields):
        number, level, _generation = (fields.number(size) for size in (8, 1, 8))
        properties, statistics = fields.pointer(), self._statistics(fields)
        extents = [(fields.varint() * PAGE, fields.varint() * PAGE) for _ in range(fields.varint())]
        large_count = fields.varint()
        for _ in range(2 * large_count):
            fields.varint()
        if level > 15:
            raise StoreError(f"damaged: table {number} is at level {level}")
        return Table(number, properties, statistics, extents, large_count)

    @staticmethod
    def _statistics(fields):
        counts = [fields.varint() for _ in range(7)]
        first, last = fields.prefixed(), fields.prefixed()
        for _kind_of_span in range(2):
            for _ in range(4 * fields.varint()):
                fields.varint()
        ranges = fields.varint()
        if ranges:
            fields.prefixed(), fields.prefixed()
        return Statistics(*counts, first, last, ranges)

    # Tables

    def _open_table(self, table):
        """The table's entries in order, and its range tombstones."""
        what, statistics = f"table {table.number}", table.statistics
        for place, (offset, length) in enumerate(table.extents):
            header = Cursor(self._block(Pointer(offset, 48, None), EXTENT_HEADER, what), what)
            number, _generation, place_found, _level = (header.number(size) for size in (8, 8, 4, 1))
            if (number, place_found) != (table.number, place) or any(header.take(3)):
                raise StoreError(f"damaged: the extent at {offset} is not the one that {what} names")
        fields = Cursor(self._table_block(table, table.properties, PROPERTIES), what)
        number, index, bloom = fields.number(8), fields.pointer(), fields.pointer()
        if number != table.number or self._statistics(fields) != statistics:
            raise StoreError(f"damaged: {what} differs from what the manifest says of it")
        ranges = fields.pointer() if statistics.ranges else None
        if fields.varint() != table.large_count:
            raise StoreError(f"damaged: {what} differs from what the manifest says of its large values")
        fields.finish()
        index = self._index(Cursor(self._table_block(table, index, INDEX), what), statistics)
        tombstones = self._ranges(Cursor(self._table_block(table, ranges, RANGES), what), statistics) if ranges else []
        bloom = self._table_block(table, bloom, FILTER) if self.check else None
        return self._entries(table, index, bloom), tombstones

    def _table_block(self, table, pointer, kind):
        begin, end = pointer.offset, pointer.offset + pointer.length
        if not any(offset + 48 <= begin and end <= offset + length for offset, length in table.extents):
            raise StoreError(f"damaged: the block at {begin} is not in an extent of table {table.number}")
        return self._block(pointer, kind, f"table {table.number}")

    @staticmethod
    def _index(fields, statistics):
        count, prefix, end, items = fields.varint(), fields.prefixed(), 0, []
        if count != statistics.blocks:
            raise StoreError(f"damaged: {fields.what} has an index of {count} blocks in place of {statistics.blocks}")
        for place in range(count):
            jump = fields.varint()
            offset = end + (jump >> 1 ^ -(jump & 1)) & MASK
            pointer = Pointer(offset, fields.varint(), fields.number(8))
            if offset > MAX_FILE or not 24 <= pointer.length <= MAX_BLOCK:
                raise StoreError(f"damaged: {fields.what} has a block pointer out of range")
            end = offset + pointer.length
            newest, boundary = statistics.oldest + fields.varint(), None
            if place < count - 1:
                size_and_goes_on = fields.varint()
                separator = prefix + fields.take(size_and_goes_on >> 1)
                # Without a timestamp, it is before every version of the separator.
                timestamp = statistics.oldest + fields.varint() if size_and_goes_on & 1 else MASK
                boundary = separator, -timestamp
            items.append((pointer, newest, boundary))
        fields.finish()
        return items

    @staticmethod
    def _ranges(fields, statistics):
        bounds = [fields.prefixed() for _ in range(fields.varint())]
        tombstones, lower = [], 0
        for _ in range(fields.varint()):
            lower += fields.varint()
            upper = lower + fields.varint()
            if upper > len(bounds) or lower >= upper:
                raise StoreError(f"damaged: {fields.what} has a range tombstone without such bounds")
            above = bounds[upper] if upper < len(bounds) else None
            tombstones.append(RangeTombstone(bounds[lower], above, statistics.oldest + fields.varint()))
        fields.finish()
        if len(tombstones) != statistics.ranges:
            raise StoreError(f"damaged: {fields.what} has another number of range tombstones than it says")
        return tombstones

    def _entries(self, table, index, bloom):
        """Entries as (key, minus timestamp, kind, value or reference), in order."""
        count, previous, lower = 0, None, None
        for pointer, newest, upper in index:
            for entry in self._data_block(table, pointer):
                place = entry[:2]
                if previous and place <= previous:
                    raise StoreError(f"damaged: entries out of order in the block at {pointer.offset}")
                if self.check:
                    if -place[1] > newest or lower and place <= lower or upper and place > upper:
                        raise StoreError(f"damaged: the index is wrong about the block at {pointer.offset}")
                    self._check_entry(table, place[0], -place[1], bloom)
                count, previous = count + 1, place
                yield entry
            lower = upper
        if count != table.statistics.entries:
            raise StoreError(f"damaged: table {table.number} has another number of entries than it says")

    def _data_block(self, table, pointer):
        data = self._table_block(table, pointer, DATA)
        what = f"the block at {pointer.offset}"
        count, prefix_size, width, reserved, oldest = unpack_from("<IHBBQ", Cursor(data, what).take(16))
        directory = 16 + 4 * count
        first = directory + (count + 1) * width + prefix_size
        if not count or width not in (2, 4) or reserved or first > len(data):
            raise StoreError(f"damaged: wrong header in {what}")
        slices = unpack_from(f"<{count}I", data, 16)
        offsets = unpack_from(f"<{count + 1}{'H' if width == 2 else 'I'}", data, directory)
        prefix = data[first - prefix_size : first]
        if offsets[0] != first or offsets[-1] != len(data) or any(a > b for a, b in zip(offsets, offsets[1:])):
            raise StoreError(f"damaged: wrong offsets of entries in {what}")
        for begin, end, head in zip(offsets, offsets[1:], slices):
            fields = Cursor(data[begin:end], what)
            size_and_kind, timestamp = fields.varint(), oldest + fields.varint()
            size, kind = size_and_kind >> 2, (size_and_kind & 3) + 1
            key = prefix + head.to_bytes(4, "big")[:size] + fields.take(max(size - 4, 0))
            value = fields.data[fields.position :]
            if kind == RANGE_TOMBSTONE or (kind == TOMBSTONE and value) or (kind == LARGE_VALUE and len(value) != 28):
                raise StoreError(f"damaged: an entry of wrong kind or length in {what}")
            yield key, -timestamp, kind, value

    @staticmethod
    def _check_entry(table, key, timestamp, bloom):
        """Checks what a lookup of the key relies on and a scan does not."""
        statistics = table.statistics
        if not (statistics.first <= key <= statistics.last and statistics.oldest <= timestamp <= statistics.newest):
            raise StoreError(f"damaged: table {table.number} has an entry beyond its bounds")
        lines = unpack_from("<I", bloom)[0]
        h = xxh3(key)
        line, bits = 40 + 64 * ((h >> 32) * lines >> 32), h & 0xFFFFFFFF
        for _ in range(6):
            if not bloom[line + (bits >> 26)] >> (bits >> 23 & 7) & 1:
                raise StoreError(f"damaged: the filter of table {table.number} lacks one of its keys")
            bits = bits * 0x9E3779B9 & 0xFFFFFFFF

    def _large_value(self, reference):
        offset, size, checksum, generation = unpack_from("<QIQQ", reference)
        if offset % PAGE or not 1 <= size <= MAX_BLOCK:
            raise StoreError("damaged: wrong reference to a large value")
        return self._block(Pointer(offset, size + 24, checksum), LARGE, "a large value", generation)

    # Reading

    def scan(self, as_of=MASK):
        """Keys and values as of a timestamp, in key order."""
        opened = [self._open_table(table) for table in self.tables.values()]
        log = sorted((key, -timestamp, *value) for (key, timestamp), value in self.log_versions.items())
        ranges = self.log_ranges + [tombstone for _, tombstones in opened for tombstone in tombstones]
        ranges = sorted((t for t in ranges if t.timestamp <= as_of), key=lambda t: t.lower, reverse=True)
        covering, decided = [], None
        for key, minus_timestamp, kind, value in heapq.merge(log, *(entries for entries, _ in opened)):
            if key == decided or -minus_timestamp > as_of:
                continue
            decided = key
            while ranges and ranges[-1].lower <= key:
                tombstone = ranges.pop()
                heapq.heappush(covering, (-tombstone.timestamp, tombstone.upper is not None, tombstone.upper))
            while covering and covering[0][1] and covering[0][2] <= key:
                heapq.heappop(covering)
            if kind == TOMBSTONE or covering and covering[0][0] < minus_timestamp:
                continue
            yield key, self._large_value(value) if kind == LARGE_VALUE else value

    def timestamp(self, point):
        """The timestamp that a number or a snapshot's name stands for."""
        if point.encode() in self.snapshots:
            return self.snapshots[point.encode()]
        if not point.isdigit():
            raise LookupError(f"there is no snapshot {point}")
        if int(point) < self.collected_floor and int(point) not in self.snapshots.values():
            raise LookupError(f"what was there at {point} is not kept")
        return int(point)


ESCAPES = {ord("\\"): "\\\\", ord("\t"): "\\t", ord("\n"): "\\n"}
ESCAPES |= {0xDC00 + byte: f"\\x{byte:02x}" for byte in range(0x80, 0x100)}


def escaped(data):
    return data.decode("utf-8", "surrogateescape").translate(ESCAPES).encode()


def main():
    parser = argparse.ArgumentParser(description="Writes the keys and values of a store as 'lsmtx scan' does.")
    parser.add_argument("file")
    parser.add_argument("--keys", action="store_true", help="write the keys only")
    parser.add_argument("--as-of", metavar="POINT", help="read the past: a timestamp or a snapshot's name")
    parser.add_argument("--no-verify", action="store_true", help="do not compute the checksums of blocks: faster")
    parser.add_argument("--check", action="store_true", help="check also what only lookups use: indexes and filters")
    options = parser.parse_args()
    try:
        store = Store(options.file, verify=not options.no_verify, check=options.check)
        as_of = store.timestamp(options.as_of) if options.as_of else MASK
        for key, value in store.scan(as_of):
            line = escaped(key) if options.keys else escaped(key) + b"\t" + escaped(value)
            sys.stdout.buffer.write(line + b"\n")
        sys.stdout.buffer.flush()
    except (StoreError, LookupError, Busy, OSError) as error:
        sys.stdout.flush()
        print(f"{options.file}: {error}", file=sys.stderr)
        statuses = {StoreError: 65, FileNotFoundError: 66, Busy: 75, LookupError: 1}
        return statuses.get(type(error), 74)
    return 0


if __name__ == "__main__":
    sys.exit(main())
