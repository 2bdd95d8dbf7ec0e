"""A cable between two network namespaces that delays, loses, doubles and reorders packets, and can be cut.

    wire.py NAMESPACE DEVICE NAMESPACE DEVICE

Both devices are TAP devices that exist. Each line on the standard input is a JSON object that replaces the settings:
`loss`, `duplicate` and `reorder` are shares of the packets, `delay` is in seconds, `rate` in bytes a second, and
`cut` cuts the cable. Each line is answered by `ok`. (tc's netem does this in the kernel, where the kernel has it.)
"""

import ctypes
import fcntl
import heapq
import json
import os
import random
import select
import struct
import sys
import time

CLONE_NEWNET = 0x40000000
TUNSETIFF = 0x400454CA
TAP_WITHOUT_HEADER = 0x0002 | 0x1000


def opened(namespace: str, device: str) -> int:
    """The end of a cable: the process stays in the namespace of the last one."""
    libc = ctypes.CDLL(None, use_errno=True)
    with open(f"/run/netns/{namespace}") as of:
        if libc.setns(of.fileno(), CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), f"setns({namespace})")
    end = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(end, TUNSETIFF, struct.pack("16sH22x", device.encode(), TAP_WITHOUT_HEADER))
    return end


def main() -> None:
    one, other = opened(*sys.argv[1:3]), opened(*sys.argv[3:5])
    ends = {one: other, other: one}
    settings: dict = {}
    chance = random.Random(7)
    on_the_way: list = []  # (when, number, to, packet)
    number, free_at = 0, {one: 0.0, other: 0.0}
    print("ok", flush=True)
    while True:
        wait = max(0.0, on_the_way[0][0] - time.monotonic()) if on_the_way else None
        for end in select.select([one, other, sys.stdin], [], [], wait)[0]:
            if end is sys.stdin:
                line = sys.stdin.readline()
                if not line:
                    return
                settings = json.loads(line)
                print("ok", flush=True)
                continue
            for _ in range(64):
                try:
                    packet = os.read(end, 65536)
                except BlockingIOError:
                    break
                if settings.get("cut") or chance.random() < settings.get("loss", 0):
                    continue
                now, rate = time.monotonic(), settings.get("rate")
                if rate:
                    # A queue of 100 ms, as a router has it.
                    if free_at[end] - now > 0.1:
                        continue
                    free_at[end] = max(free_at[end], now) + len(packet) / rate
                    now = free_at[end]
                late = settings.get("delay", 0) * (3 if chance.random() < settings.get("reorder", 0) else 1)
                for _ in range(2 if chance.random() < settings.get("duplicate", 0) else 1):
                    number += 1
                    heapq.heappush(on_the_way, (now + late, number, ends[end], packet))
        while on_the_way and on_the_way[0][0] <= time.monotonic():
            _, _, to, packet = heapq.heappop(on_the_way)
            if settings.get("cut"):
                continue
            try:
                os.write(to, packet)
            except OSError:
                pass  # the device is full, or not up yet


main()
