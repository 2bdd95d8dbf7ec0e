"""A worker of the torture in Python: `worker.py PATH PLACE SEED`. See `tests/src/mixed.rs` for the object."""

import random
import sys

import numpy as np

import shmstore

WHOLE = 0xFFFF_FFFF_FFFF_FFFF


def stamped(number):
    return {"number": number, "check": number ^ WHOLE}


def is_whole(value):
    return int(value["number"]) ^ int(value["check"]) == WHOLE


def transfer(mixed):
    with mixed.accounts.transaction(timeout=None) as accounts:
        accounts[random.randrange(8)] -= 1
        accounts[random.randrange(8)] += 1
        return int(np.sum(accounts)) == 0


def count(mixed):
    try:
        guard = mixed.lock.lock()
    except shmstore.OwnerDied:
        guard = mixed.lock.lock_to_repair()
        mixed.high.store(mixed.low.load())
        guard.mark_consistent()
    with guard:
        return mixed.low.fetch_add(1) == mixed.high.fetch_add(1)


def push(mixed, number):
    try:
        mixed.jobs.push(stamped(number), timeout=0)
    except (shmstore.Full, shmstore.Busy):
        pass
    return True


def take(mixed):
    try:
        job = mixed.jobs.take(timeout=0)
    except (shmstore.Empty, shmstore.Busy):
        return True
    whole = is_whole(job.value)
    job.done() if random.random() < 0.5 else job.give_back()
    return whole


def send(mixed, number):
    mixed.feed.send(stamped(number))
    mixed.turn.notify_all()
    return True


def receive(subscriber):
    try:
        return is_whole(subscriber.recv(timeout=0))
    except (shmstore.Empty, shmstore.Lagged):
        return True


def mark(mixed, number):
    key, what = random.randrange(24), random.randrange(3)
    try:
        if what == 0:
            mixed.marks.insert(key, stamped(number))
        elif what == 1:
            mixed.marks.pop(key, None)
    except shmstore.Full:
        pass
    found = mixed.marks.get(key)
    return found is None or is_whole(found)


def publish(mixed, number):
    elements = np.full(random.randrange(64), number, dtype=np.uint64)
    try:
        mixed.images.publish(elements, stamped(number), timeout=0)
    except (shmstore.Full, shmstore.Busy):
        pass
    return True


def look(mixed):
    try:
        pinned = mixed.images.pin()
    except (shmstore.Empty, shmstore.NotFound, shmstore.Full, shmstore.Busy):
        return True
    with pinned as frame:
        meta = pinned.meta
        return is_whole(meta) and bool((np.asarray(frame) == meta["number"]).all())


def main():
    path, place, seed = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    random.seed(seed)
    mixed = shmstore.Store(path).attach("X")
    subscriber, done, number = mixed.feed.subscribe(), mixed.done[place], seed
    while True:
        number += 1
        operation = random.choice(
            [
                lambda: transfer(mixed),
                lambda: int(np.sum(mixed.accounts.load())) == 0,
                lambda: count(mixed),
                lambda: push(mixed, number),
                lambda: take(mixed),
                lambda: send(mixed, number),
                lambda: receive(subscriber),
                lambda: mark(mixed, number),
                lambda: publish(mixed, number),
                lambda: look(mixed),
            ]
        )
        if not operation():
            print("! the worker in Python found something torn", flush=True)
        done.fetch_add(1)


main()
