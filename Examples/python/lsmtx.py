"""LSMTx for Python: an embedded key-value store with ACID transactions in a single file.

A thin layer over the C library by ctypes, which comes with Python; nothing has to be compiled.

    import lsmtx

    with lsmtx.open("app.lsmtx") as db:
        db[b"greeting"] = b"hello"
        with db.snapshot() as before:
            del db[b"greeting"]
            print(before[b"greeting"])

        @db.run                                  # Run again when it loses against another transaction.
        def visit(txn):
            txn[b"visits"] = b"%d" % (int(txn.get(b"visits", b"0")) + 1)

        for key, value in db.items(prefix=b"visit"):
            print(key, value)

Keys and values are bytes. The library is liblsmtx.so.0 where the loader finds it, or the file that the environment
variable LSMTX_LIBRARY names. Calls into it release the interpreter's lock: other threads run meanwhile.
"""

import ctypes
import ctypes.util
import os
import sys
from ctypes import POINTER, byref, c_char_p, c_int32, c_int64, c_size_t, c_uint32, c_uint64, c_void_p

OK, ABSENT, END, TOO_SMALL = 0, 1, 2, 3
CONFLICT, CLOSED, MISUSE = -1, -13, -16
SERIALIZABLE, SNAPSHOT_ISOLATION, READ_COMMITTED = 0, 1, 2
DEFAULT, SYNC, BUFFERED = 0, 1, 2
_POINT_TIMESTAMP, _POINT_UNIX_TIME, _POINT_NAMED = 1, 2, 3
_ADD = 1


# ---- The library: the types and functions of lsmtx.h that are used here ----


class _Slice(ctypes.Structure):
    _fields_ = [("data", c_void_p), ("length", c_size_t)]


class _Range(ctypes.Structure):
    _fields_ = [
        ("lower", c_char_p), ("lower_length", c_size_t), ("upper", c_char_p), ("upper_length", c_size_t),
        ("prefix", c_char_p), ("prefix_length", c_size_t),
    ]


class _Point(ctypes.Structure):
    _fields_ = [
        ("kind", c_int32), ("reserved", c_int32), ("timestamp", c_uint64), ("unix_time", c_int64), ("name", c_char_p),
    ]


class _Options(ctypes.Structure):
    _fields_ = [
        ("size", c_size_t), ("read_only", c_int32), ("create_if_missing", c_int32), ("cache_bytes", c_uint64),
        ("memtable_bytes", c_uint64), ("extent_bytes", c_uint64), ("max_transaction_bytes", c_uint64),
        ("durability", c_int32), ("reserved", c_int32), ("retention", c_void_p), ("on_event", c_void_p),
        ("event_user", c_void_p), ("event_release", c_void_p),
    ]


class _RunOptions(ctypes.Structure):
    _fields_ = [
        ("size", c_size_t), ("isolation", c_int32), ("durability", c_int32), ("label", c_char_p),
        ("max_attempts", c_uint64), ("timeout", c_uint64),
    ]


class Entry(ctypes.Structure):
    """A key and its value, where they lie in the library's memory."""

    _fields_ = [("key", c_void_p), ("key_length", c_size_t), ("value", c_void_p), ("value_length", c_size_t)]


class _KeyVersion(ctypes.Structure):
    _fields_ = [("size", c_size_t), ("timestamp", c_uint64), ("value", _Slice), ("unix_time", c_int64)]


_ERROR = POINTER(c_void_p)
_RUN = ctypes.CFUNCTYPE(c_int32, c_void_p, c_void_p, _ERROR)
# A key or a value: the pointer to a bytes object is good until the call returns, and zero bytes are bytes like others.
_BYTES = [c_char_p, c_size_t]


def _load():
    name = "liblsmtx.0.dylib" if sys.platform == "darwin" else "liblsmtx.so.0"
    library = ctypes.CDLL(os.environ.get("LSMTX_LIBRARY") or ctypes.util.find_library("lsmtx") or name)
    get = [c_void_p, c_size_t, POINTER(c_size_t), _ERROR]
    functions = {
        "options_init": [c_void_p, c_size_t],
        "run_options_init": [c_void_p, c_size_t],
        "db_open": [c_char_p, POINTER(_Options), POINTER(c_void_p), _ERROR],
        "db_close": [c_void_p, _ERROR],
        "db_put": [c_void_p, *_BYTES, *_BYTES, c_int32, POINTER(c_uint64), _ERROR],
        "db_delete": [c_void_p, *_BYTES, c_int32, POINTER(c_uint64), _ERROR],
        "db_get": [c_void_p, *_BYTES, *get],
        "db_run": [c_void_p, POINTER(_RunOptions), _RUN, c_void_p, POINTER(c_uint64), _ERROR],
        "db_timestamp": [c_void_p, POINTER(c_uint64), _ERROR],
        "db_create_snapshot": [c_void_p, c_char_p, POINTER(_Point), POINTER(c_uint64), _ERROR],
        "db_history": [c_void_p, *_BYTES, c_uint64, c_uint64, POINTER(c_void_p), _ERROR],
        "history_get": [c_void_p, c_size_t, POINTER(_KeyVersion), _ERROR],
        "db_write": [c_void_p, c_void_p, c_int32, POINTER(c_uint64), _ERROR],
        "batch_put": [c_void_p, *_BYTES, *_BYTES, _ERROR],
        "batch_delete": [c_void_p, *_BYTES, _ERROR],
        "snapshot_open": [c_void_p, POINTER(_Point), POINTER(c_void_p), _ERROR],
        "snapshot_get": [c_void_p, *_BYTES, *get],
        "snapshot_iter": [c_void_p, POINTER(_Range), c_uint32, POINTER(c_void_p), _ERROR],
        "txn_get": [c_void_p, *_BYTES, c_uint32, *get],
        "txn_put": [c_void_p, *_BYTES, *_BYTES, _ERROR],
        "txn_delete": [c_void_p, *_BYTES, _ERROR],
        "txn_mutate_number": [c_void_p, c_int32, *_BYTES, c_int64, _ERROR],
        "txn_iter": [c_void_p, POINTER(_Range), c_uint32, POINTER(c_void_p), _ERROR],
        "iter_next_many": [c_void_p, POINTER(Entry), c_size_t, c_size_t, POINTER(c_size_t), _ERROR],
        "iter_prev_many": [c_void_p, POINTER(Entry), c_size_t, c_size_t, POINTER(c_size_t), _ERROR],
        "iter_seek_last": [c_void_p, _ERROR],
    }
    for function, types in functions.items():
        getattr(library, "lsmtx_" + function).argtypes = types
        getattr(library, "lsmtx_" + function).restype = c_int32
    for kind in ("db", "snapshot", "txn", "iter", "batch", "history", "error"):
        free = getattr(library, f"lsmtx_{kind}_free")
        free.argtypes, free.restype = [c_void_p], None
    for function, types, result in [
        ("error_description", [c_void_p], c_char_p), ("error_status", [c_void_p], c_int32),
        ("error_is_retryable", [c_void_p], c_int32), ("status_name", [c_int32], c_char_p),
        ("version_text", [], c_char_p), ("batch_create", [], c_void_p), ("history_count", [c_void_p], c_size_t),
        ("snapshot_timestamp", [c_void_p], c_uint64),
    ]:
        getattr(library, "lsmtx_" + function).argtypes = types
        getattr(library, "lsmtx_" + function).restype = result
    return library


_C = _load()
version = _C.lsmtx_version_text().decode()


# ---- Errors ----


class Error(Exception):
    """A call failed: `status` says how, as the constants of lsmtx.h do, and the text what to do next."""

    def __init__(self, status, text, is_retryable=False):
        super().__init__(text)
        self.status = status
        self.name = _C.lsmtx_status_name(status).decode()
        self.is_retryable = is_retryable


class Conflict(Error):
    """Another transaction changed what this one rests on: run the whole of it again, as `Database.run` does."""


def _failure(status, error):
    text = _C.lsmtx_error_description(error).decode()
    retryable = bool(_C.lsmtx_error_is_retryable(error))
    _C.lsmtx_error_free(error)
    return (Conflict if status == CONFLICT else Error)(status, text, retryable)


def _call(function, *arguments):
    """Calls a function, whose last parameter is the error's, and raises it; else returns the status."""
    error = c_void_p()
    status = function(*arguments, byref(error))
    if status < 0:
        raise _failure(status, error)
    return status


# ---- Objects ----


class _Object:
    """Has a handle and frees it: at the end of a `with`, or when nobody refers to it any more."""

    _free = None

    def __init__(self, handle):
        self._handle = handle

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        self.close()

    def __del__(self):
        self.close()

    def close(self):
        handle, self._handle = getattr(self, "_handle", None), None
        if handle:
            self._free(handle)


class _Readable(_Object):
    """What values are read from: a snapshot or a transaction, and a database."""

    # Enough for most values; a longer one is asked for again.
    _buffer_bytes = 1024

    def get(self, key, default=None):
        """The value of a key, or the default."""
        size = self._buffer_bytes
        while True:
            buffer = ctypes.create_string_buffer(size)
            length = c_size_t()
            status = self._get(key, buffer, size, length)
            if status == ABSENT:
                return default
            if status == OK:
                return ctypes.string_at(buffer, length.value)
            size = length.value

    def __getitem__(self, key):
        value = self.get(key)
        if value is None:
            raise KeyError(key)
        return value

    def __contains__(self, key):
        length = c_size_t()
        return self._get(key, None, 0, length) != ABSENT

    def items(self, lower=b"", upper=None, prefix=b"", reverse=False):
        """The entries of a range as pairs of bytes, in the order of the keys, or backwards."""
        for batch in self.batches(lower, upper, prefix, reverse):
            # One copy for all of them, cut up after that: half of what two copies for each entry cost.
            data, place = bytes(batch.memory), 0
            for entry in batch.entries:
                middle = place + entry.key_length
                end = middle + entry.value_length
                yield data[place:middle], data[middle:end]
                place = end

    def batches(self, lower=b"", upper=None, prefix=b"", reverse=False, capacity=1024):
        """The entries of a range as they lie in the library's memory, many at a time, for those that copy nothing."""
        # Neither the range nor its bytes have to outlive the call: the library copies them.
        bounds = _Range(lower, len(lower), upper, len(upper or b""), prefix, len(prefix))
        handle = c_void_p()
        self._iterate(bounds, handle)
        with _Iterator(handle) as iterator:
            if reverse:
                _call(_C.lsmtx_iter_seek_last, handle)
            more = _C.lsmtx_iter_prev_many if reverse else _C.lsmtx_iter_next_many
            entries = (Entry * capacity)()
            count = c_size_t()
            while _call(more, iterator._handle, entries, capacity, 0, byref(count)) == OK:
                yield Batch(entries, count.value)


class Batch:
    """Entries that an iterator lends: valid until the next batch, and the end of the loop over them."""

    def __init__(self, entries, count):
        #: Pointers and lengths of each entry, as of `Entry`.
        self.table = entries
        self.count = count

    @property
    def entries(self):
        """The entries, one after the other."""
        return (self.table[index] for index in range(self.count))

    @property
    def memory(self):
        """All bytes of the batch: a key, its value, the next key and so on, without gaps and without a copy."""
        first, last = self.table[0], self.table[self.count - 1]
        length = last.key + last.key_length + last.value_length - first.key
        return memoryview((ctypes.c_char * length).from_address(first.key)).cast("B")

    @property
    def lengths(self):
        """The table as numbers: for each entry the key's address and length, and the value's."""
        table = (ctypes.c_char * (self.count * ctypes.sizeof(Entry))).from_buffer(self.table)
        return memoryview(table).cast("B").cast("N")


class _Iterator(_Object):
    _free = staticmethod(_C.lsmtx_iter_free)


class _History(_Object):
    _free = staticmethod(_C.lsmtx_history_free)


class Database(_Readable):
    """An open store, for any number of threads. What is written to it directly is a transaction of its own."""

    _free = staticmethod(_C.lsmtx_db_free)

    def __exit__(self, kind, error, trace):
        # What keeps the file from being left clean is an error; freeing would pass over it.
        try:
            _call(_C.lsmtx_db_close, self._handle)
        finally:
            self.close()

    def _get(self, key, buffer, size, length):
        return _call(_C.lsmtx_db_get, self._handle, key, len(key), buffer, size, byref(length))

    def _iterate(self, bounds, handle):
        with self.snapshot() as snapshot:
            snapshot._iterate(bounds, handle)

    def put(self, key, value, durability=DEFAULT):
        """Gives a key a value, and returns the timestamp of the commit."""
        timestamp = c_uint64()
        _call(_C.lsmtx_db_put, self._handle, key, len(key), value, len(value), durability, byref(timestamp))
        return timestamp.value

    def __setitem__(self, key, value):
        self.put(key, value)

    def __delitem__(self, key):
        _call(_C.lsmtx_db_delete, self._handle, key, len(key), DEFAULT, None)

    def write(self, pairs, durability=DEFAULT):
        """Gives all keys their values in one commit, and returns its timestamp; a value of None deletes."""
        timestamp = c_uint64()
        with _Batch(_C.lsmtx_batch_create()) as batch:
            for key, value in pairs:
                batch.add(key, value)
            _call(_C.lsmtx_db_write, self._handle, batch._handle, durability, byref(timestamp))
        return timestamp.value

    def run(self, body, isolation=SERIALIZABLE, durability=DEFAULT, label=None):
        """Calls `body` with a transaction and commits it; all of it again when it lost against another one. What it
        raises rolls back and is raised again. Returns what it returned."""
        result = raised = None

        def call(_, handle, error):
            nonlocal result, raised
            txn = Transaction(handle)
            try:
                result, raised = body(txn), None
                return OK
            except Conflict:
                raised = None
                return CONFLICT
            # Nothing may leave a callback: the library's frames are below it.
            except BaseException as exception:
                raised = exception
                return 1000
            finally:
                # Lent: the library ends it.
                txn._handle = None

        options = _RunOptions()
        _C.lsmtx_run_options_init(byref(options), ctypes.sizeof(options))
        options.isolation, options.durability = isolation, durability
        options.label = label.encode() if label else None
        _call(_C.lsmtx_db_run, self._handle, byref(options), _RUN(call), None, None)
        if raised is not None:
            raise raised
        return result

    def snapshot(self, timestamp=None, unix_time=None, name=None):
        """Everything as it is now, or was at a commit, at a time in seconds since 1970, or when it got a name."""
        handle = c_void_p()
        _call(_C.lsmtx_snapshot_open, self._handle, _point(timestamp, unix_time, name), byref(handle))
        return Snapshot(handle)

    def create_snapshot(self, name):
        """Gives the present state a name, by which it stays readable; returns its timestamp."""
        timestamp = c_uint64()
        _call(_C.lsmtx_db_create_snapshot, self._handle, name.encode(), None, byref(timestamp))
        return timestamp.value

    @property
    def timestamp(self):
        """The newest commit that readers see."""
        timestamp = c_uint64()
        _call(_C.lsmtx_db_timestamp, self._handle, byref(timestamp))
        return timestamp.value

    def history(self, key):
        """The versions of a key that can still be read, newest first, as pairs of timestamp and value or None."""
        handle = c_void_p()
        _call(_C.lsmtx_db_history, self._handle, key, len(key), 0, 2**64 - 1, byref(handle))
        with _History(handle):
            versions = []
            for index in range(_C.lsmtx_history_count(handle)):
                version = _KeyVersion(size=ctypes.sizeof(_KeyVersion))
                _call(_C.lsmtx_history_get, handle, index, byref(version))
                data = version.value.data
                versions.append((version.timestamp, ctypes.string_at(data, version.value.length) if data else None))
            return versions


class Snapshot(_Readable):
    """One state of the store that nothing disturbs, for any number of threads."""

    _free = staticmethod(_C.lsmtx_snapshot_free)

    @property
    def timestamp(self):
        """The commit whose state it is."""
        return _C.lsmtx_snapshot_timestamp(self._handle)

    def _get(self, key, buffer, size, length):
        return _call(_C.lsmtx_snapshot_get, self._handle, key, len(key), buffer, size, byref(length))

    def _iterate(self, bounds, handle):
        _call(_C.lsmtx_snapshot_iter, self._handle, byref(bounds), 0, byref(handle))


class Transaction(_Readable):
    """What `Database.run` gives: sees its own writes over what it reads. For one thread."""

    _free = staticmethod(_C.lsmtx_txn_free)

    def _get(self, key, buffer, size, length):
        return _call(_C.lsmtx_txn_get, self._handle, key, len(key), 0, buffer, size, byref(length))

    def _iterate(self, bounds, handle):
        _call(_C.lsmtx_txn_iter, self._handle, byref(bounds), 0, byref(handle))

    def __setitem__(self, key, value):
        _call(_C.lsmtx_txn_put, self._handle, key, len(key), value, len(value))

    def __delitem__(self, key):
        _call(_C.lsmtx_txn_delete, self._handle, key, len(key))

    def add(self, key, number):
        """Adds to a number of 8 bytes, little-endian, without reading it: others that add do not conflict."""
        _call(_C.lsmtx_txn_mutate_number, self._handle, _ADD, key, len(key), number)


class _Batch(_Object):
    _free = staticmethod(_C.lsmtx_batch_free)

    def add(self, key, value):
        if value is None:
            _call(_C.lsmtx_batch_delete, self._handle, key, len(key))
        else:
            _call(_C.lsmtx_batch_put, self._handle, key, len(key), value, len(value))


def _point(timestamp, unix_time, name):
    if timestamp is not None:
        return byref(_Point(kind=_POINT_TIMESTAMP, timestamp=timestamp))
    if unix_time is not None:
        return byref(_Point(kind=_POINT_UNIX_TIME, unix_time=int(unix_time * 1000)))
    return byref(_Point(kind=_POINT_NAMED, name=name.encode())) if name is not None else None


def open(path, read_only=False, create=True, durability=SYNC, cache_bytes=64 << 20):
    """Opens the store in a file, or makes one."""
    options = _Options()
    _C.lsmtx_options_init(byref(options), ctypes.sizeof(options))
    options.read_only, options.create_if_missing = read_only, create
    options.durability, options.cache_bytes = durability, cache_bytes
    handle = c_void_p()
    _call(_C.lsmtx_db_open, os.fsencode(path), byref(options), byref(handle))
    return Database(handle)
