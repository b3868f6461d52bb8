"""Tests of the module lsmtx: python3 test_lsmtx.py"""

import os
import tempfile
import threading
import unittest

import lsmtx


class Tests(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = os.path.join(folder.name, "test.lsmtx")

    def open(self):
        return lsmtx.open(self.path, durability=lsmtx.BUFFERED)

    def test_any_bytes_are_keys_and_values(self):
        with self.open() as db:
            for key in (b"", b"\0", b"a\0b", bytes(range(256)), b"k" * 65535):
                for value in (b"", b"\0\0", b"v" * 1024, b"v" * 1025, os.urandom(200_000)):
                    db[key] = value
                    self.assertEqual(db[key], value)
                    self.assertIn(key, db)
                del db[key]
                self.assertNotIn(key, db)
                self.assertEqual(db.get(key, b"none"), b"none")
                with self.assertRaises(KeyError):
                    db[key]

    def test_ranges_are_walked_in_both_directions(self):
        keys = [b"%05d" % number for number in range(5000)]
        with self.open() as db:
            db.write((key, key[::-1]) for key in keys)
            pairs = [(key, key[::-1]) for key in keys]
            self.assertEqual(list(db.items()), pairs)
            self.assertEqual(list(db.items(reverse=True)), pairs[::-1])
            self.assertEqual(list(db.items(prefix=b"0012")), pairs[120:130])
            self.assertEqual(list(db.items(lower=b"04990")), pairs[4990:])
            self.assertEqual(list(db.items(upper=b"00010")), pairs[:10])
            self.assertEqual(list(db.items(upper=b"")), [])
            db.write((key, None) for key in keys[1:])
            self.assertEqual(list(db.items()), pairs[:1])

    def test_a_walk_that_is_given_up_lets_the_file_be_closed(self):
        with self.open() as db:
            db.write((b"%d" % number, b"") for number in range(5000))
            for _ in db.items():
                break
        with self.open():
            pass

    def test_the_past_is_readable(self):
        with self.open() as db:
            first = db.put(b"key", b"1")
            db.create_snapshot("one")
            second = db.put(b"key", b"2")
            with db.snapshot() as now, db.snapshot(timestamp=first) as then, db.snapshot(name="one") as named:
                del db[b"key"]
                self.assertEqual((now[b"key"], then[b"key"], named[b"key"]), (b"2", b"1", b"1"))
                self.assertEqual(named.timestamp, first)
            self.assertEqual(db.history(b"key"), [(db.timestamp, None), (second, b"2"), (first, b"1")])

    def test_what_a_transaction_raises_rolls_it_back(self):
        with self.open() as db:
            def body(txn):
                txn[b"key"] = b"value"
                raise ValueError("no")

            with self.assertRaisesRegex(ValueError, "no"):
                db.run(body)
            self.assertNotIn(b"key", db)

            def misuse(txn):
                txn[b"k" * 65536] = b""

            with self.assertRaises(lsmtx.Error) as caught:
                db.run(misuse)
            self.assertEqual(caught.exception.name, "LSMTX_TOO_LARGE")

    def test_transactions_of_several_threads_lose_nothing(self):
        with self.open() as db:
            def count():
                def body(txn):
                    txn[b"count"] = b"%d" % (int(txn.get(b"count", b"0")) + 1)
                    txn.add(b"sum", 3)

                for _ in range(100):
                    db.run(body)

            threads = [threading.Thread(target=count) for _ in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            self.assertEqual(db[b"count"], b"400")
            self.assertEqual(int.from_bytes(db[b"sum"], "little"), 1200)

    def test_a_transaction_sees_its_own_writes_and_is_over_at_the_end(self):
        with self.open() as db:
            def body(txn):
                txn[b"a"] = b"1"
                txn[b"b"] = b"2"
                del txn[b"a"]
                return txn, list(txn.items())

            txn, entries = db.run(body)
            self.assertEqual(entries, [(b"b", b"2")])
            with self.assertRaises(lsmtx.Error):
                txn[b"c"] = b"3"

    def test_errors_say_what_to_do(self):
        with self.assertRaises(lsmtx.Error) as caught:
            lsmtx.open(self.path, create=False)
        self.assertEqual(caught.exception.name, "LSMTX_NO_SUCH_FILE")
        with self.open() as db:
            with self.assertRaises(lsmtx.Error) as caught:
                db.snapshot(name="nothing")
            self.assertEqual(caught.exception.name, "LSMTX_NO_SUCH_SNAPSHOT")
        with self.assertRaises(lsmtx.Error):
            db[b"key"]


if __name__ == "__main__":
    unittest.main()
