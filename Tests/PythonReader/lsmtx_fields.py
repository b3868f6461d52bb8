"""What all parts of the reader share: constants, errors, and taking fields from bytes."""

from collections import namedtuple

PAGE = 4096
GOLDEN, MASK = 0x9E3779B97F4A7C15, 2**64 - 1
VALUE, TOMBSTONE, RANGE_TOMBSTONE, LARGE_VALUE = 1, 2, 3, 4
MAX_FILE, MAX_BLOCK, MAX_SEGMENT = 2**44, 2**30, 2**26

Pointer = namedtuple("Pointer", "offset length checksum")
RangeTombstone = namedtuple("RangeTombstone", "lower upper timestamp")


class StoreError(Exception):
    """The file is damaged, unsupported or no store."""


class Busy(Exception):
    """Another process has the store open."""


class Cursor:
    """Takes one field after the other from bytes, and never reads past their end."""

    def __init__(self, data, what, position=0):
        self.data, self.what, self.position = data, what, position

    def take(self, count):
        start, self.position = self.position, self.position + count
        if self.position > len(self.data):
            raise StoreError(f"damaged: {self.what} ends within a field")
        return self.data[start : self.position]

    def number(self, size):
        return int.from_bytes(self.take(size), "little")

    def varint(self):
        result = 0
        for shift in range(0, 70, 7):
            byte = self.take(1)[0]
            result |= (byte & 0x7F) << shift
            if byte < 0x80:
                if result > MASK:
                    break
                return result
        raise StoreError(f"damaged: {self.what} has a varint above 64 bits")

    def prefixed(self):
        return self.take(self.varint())

    def pointer(self):
        pointer = Pointer(self.number(8), self.number(4), self.number(8))
        if pointer.offset > MAX_FILE or not 24 <= pointer.length <= MAX_BLOCK:
            raise StoreError(f"damaged: {self.what} has a block pointer out of range")
        return pointer

    def at_end(self):
        return self.position == len(self.data)

    def finish(self):
        if not self.at_end():
            raise StoreError(f"damaged: {self.what} has bytes behind its last field")
