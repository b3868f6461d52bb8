"""The log of a store: commits that are not in tables yet."""

from collections import namedtuple
from struct import Struct, pack

from lsmtx_fields import (
    LARGE_VALUE, MAX_SEGMENT, PAGE, RANGE_TOMBSTONE, TOMBSTONE, VALUE, Cursor, RangeTombstone, StoreError,
)
from xxh3 import xxh3

SECTOR, GROUP, SEGMENT_END = 512, 1, 2
HEADER = Struct("<5QIBBH")

Segment = namedtuple("Segment", "offset length epoch number base")
Record = namedtuple("Record", "place checksum previous durable kind flags payload end")


def replay(store):
    """Versions by key and timestamp, as kind and value, and range tombstones."""
    versions, ranges, newest = {}, [], store.superblock["flushed"]
    for group in groups(store):
        fields = Cursor(group, "a group of the log")
        timestamp, _time, count, _reserved = (fields.number(size) for size in (8, 8, 4, 4))
        if timestamp <= newest or not count:
            raise StoreError("damaged: the log has a group that is out of order or empty")
        newest = timestamp + count - 1
        for place in range(count):
            operations, size = fields.number(4), fields.number(4)
            transaction = Cursor(fields.take(size), "a transaction of the log")
            for _ in range(operations):
                kind, key, value = operation(transaction)
                if kind == RANGE_TOMBSTONE:
                    ranges.append(RangeTombstone(key, value or None, timestamp + place))
                else:
                    versions[key, timestamp + place] = kind, value
            transaction.finish()
        fields.finish()
    return versions, ranges


def operation(fields):
    kind, key_size = fields.number(1), fields.varint()
    if kind not in (VALUE, TOMBSTONE, RANGE_TOMBSTONE, LARGE_VALUE):
        raise StoreError(f"damaged: the log has an operation of kind {kind}")
    value_size = 0 if kind == TOMBSTONE else fields.varint()
    if kind == LARGE_VALUE and value_size != 28:
        raise StoreError("damaged: the log has a wrong reference to a large value")
    return kind, fields.take(key_size), fields.take(value_size)


def groups(store):
    """The payloads of groups, each put together from its fragments."""
    start, durable = store.superblock["log"], store.superblock["reach"]
    segment = open_segment(store, start["offset"], start["length"], start["epoch"])
    if not segment or not segment.base + SECTOR <= start["lsn"] <= segment.base + segment.length:
        raise StoreError(f"damaged: the log's first segment at {start['offset']} is not the one that is named")
    lsn, checksum, fragments, visited, complete = start["lsn"], start["checksum"], [], {segment.offset}, []
    end = lsn
    while record := next_record(store, segment, lsn, checksum):
        check_place(segment, record)
        if record.kind not in (GROUP, SEGMENT_END) or record.flags > 1:
            raise StoreError(f"unsupported: the log has a record of kind {record.kind}, flags {record.flags}")
        checksum, durable, lsn = record.checksum, max(durable, record.durable), segment.base + record.end
        if record.kind == GROUP:
            fragments.append(record.payload)
            if not record.flags:
                complete.append(b"".join(fragments))
                fragments, end = [], lsn
        else:
            segment = next_segment(store, segment, record)
            if not segment or segment.offset in visited:
                raise StoreError(f"damaged: the log's record before LSN {lsn} names no right segment")
            visited.add(segment.offset)
            lsn = segment.base + SECTOR
    if durable > end or max(durable_beyond(store, segment, lsn), default=0) > lsn:
        raise StoreError(f"damaged: the log ends at LSN {end}, and more of it was durable")
    return complete


def open_segment(store, offset, length, epoch):
    """The segment, or None when its header is not right."""
    if offset % PAGE or length % PAGE or not PAGE <= length <= MAX_SEGMENT or offset + length > len(store.file):
        return None
    fields = Cursor(store.file[offset : offset + SECTOR], "a segment's header")
    checksum = fields.number(8)
    if checksum != xxh3(fields.data[8:], store.seed_at(offset)) or fields.take(8) != b"LSMTxLog":
        return None
    identity = fields.take(16)
    epoch_found, number, base, _generation, own_offset, own_length = (fields.number(8) for _ in range(6))
    is_right = (identity, epoch_found, own_offset, own_length) == (store.identity, epoch, offset, length)
    return Segment(offset, length, epoch, number, base) if is_right and base % SECTOR == 0 and epoch else None


def next_segment(store, segment, record):
    fields = Cursor(record.payload, "an end of a segment")
    following = open_segment(store, *(fields.number(8) for _ in range(3)))
    places = following and (following.number - segment.number, following.base - segment.base)
    return following if places == (1, segment.length) else None


def record_at(store, segment, place):
    """The record at this place of the segment, or None when there is no whole one."""
    if place % 8 or place < SECTOR or place + HEADER.size > segment.length:
        return None
    header = store.file[segment.offset + place : segment.offset + place + HEADER.size]
    checksum, epoch, lsn, previous, durable, size, kind, flags, reserved = HEADER.unpack(header)
    end = place + HEADER.size + size
    if epoch != segment.epoch or lsn != segment.base + place or reserved or end > segment.length:
        return None
    data = store.file[segment.offset + place + 8 : segment.offset + end]
    if checksum != xxh3(data, store.seed):
        return None
    return Record(place, checksum, previous, durable, kind, flags, data[HEADER.size - 8 :], end + -end % 8)


def check_place(segment, record):
    """A record that is whole and next in the chain is not torn, so what is wrong with it is damage."""
    limit = record.place if record.kind == SEGMENT_END else record.end
    if record.durable > segment.base + record.place or limit > segment.length - 2 * SECTOR:
        raise StoreError(f"damaged: the log's record at {segment.offset + record.place} is out of place")
    if record.kind == SEGMENT_END and len(record.payload) != 24:
        raise StoreError(f"damaged: the log's record at {segment.offset + record.place} has a wrong length")


def next_record(store, segment, lsn, previous):
    place = lsn - segment.base
    for candidate in (place, place + -place % SECTOR):
        record = record_at(store, segment, candidate)
        if record and record.previous == previous:
            return record
    return None


def durable_beyond(store, segment, lsn):
    """The durable LSNs of whole records further on, which show that what lies between was lost."""
    visited, place = set(), lsn - segment.base
    while segment and segment.offset not in visited:
        visited.add(segment.offset)
        following, epoch = None, pack("<Q", segment.epoch)
        while (place := store.file.find(epoch, segment.offset + place + 8, segment.offset + segment.length)) >= 0:
            place -= segment.offset + 8
            if record := record_at(store, segment, place):
                yield record.durable
                if record.kind == SEGMENT_END and len(record.payload) == 24:
                    following = next_segment(store, segment, record) or following
            place += 1
        segment, place = following, SECTOR
