"""Accounts and transfers in a file, by the module lsmtx.

    account/NAME    the balance, as decimal digits

usage: ledger.py FILE open NAME BALANCE
       ledger.py FILE transfer FROM TO AMOUNT
       ledger.py FILE accounts [TIMESTAMP]
       ledger.py FILE history NAME
"""

import sys

import lsmtx


class Refusal(Exception):
    pass


def key(name):
    return b"account/" + name.encode()


def balance(txn, name):
    value = txn.get(key(name))
    if value is None:
        raise Refusal(f"There is no account '{name}'.")
    return int(value)


def open_account(txn, name, amount):
    # Reading that it is absent is a read like any other: of two that open the same account, one is run again.
    if key(name) in txn:
        raise Refusal(f"There is an account '{name}' already.")
    txn[key(name)] = b"%d" % amount


def transfer(txn, source, target, amount):
    # What is raised leaves everything as it was.
    have = balance(txn, source)
    if have < amount:
        raise Refusal(f"'{source}' has only {have}.")
    txn[key(source)] = b"%d" % (have - amount)
    # Read after the first write, so that a transfer to oneself changes nothing.
    txn[key(target)] = b"%d" % (balance(txn, target) + amount)


def show_accounts(snapshot):
    total = 0
    for name, value in snapshot.items(prefix=b"account/"):
        print(name.removeprefix(b"account/").decode(), int(value), sep="\t")
        total += int(value)
    print("sum", total, sep="\t")


def main(words):
    match words:
        case [path, "open", name, amount]:
            with lsmtx.open(path) as db:
                db.run(lambda txn: open_account(txn, name, int(amount)), label="open")
                print("timestamp", db.timestamp)
        case [path, "transfer", source, target, amount]:
            with lsmtx.open(path) as db:
                db.run(lambda txn: transfer(txn, source, target, int(amount)), label="transfer")
                print("timestamp", db.timestamp)
        case [path, "accounts", *at] if len(at) < 2:
            with lsmtx.open(path, read_only=True) as db:
                # What `open` or `transfer` printed, however long ago that was, as far as the file keeps it.
                with db.snapshot(timestamp=int(at[0]) if at else None) as snapshot:
                    show_accounts(snapshot)
        case [path, "history", name]:
            with lsmtx.open(path, read_only=True) as db:
                for timestamp, value in db.history(key(name)):
                    print(timestamp, "closed" if value is None else int(value), sep="\t")
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except (Refusal, lsmtx.Error) as error:
        sys.exit(f"ledger: {error}")
