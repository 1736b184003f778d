"""Arrays arrive wherever they stand in a frame: in lists, in lists of lists, and in objects within lists."""

from __future__ import annotations

import socket
import threading
import time

import numpy as np
import pytest

from grader import wire


def test_arrays_in_lists_and_objects_come_back_in_their_places():
    one, two, three, four = (np.arange(n + 1.0) for n in range(4))
    sent = {"a": [one, "text", [two]], "b": {"c": [{"d": three}], "e": []}, "f": (four, 1)}
    got = wire.decode(wire.encode(sent))
    assert got["a"][1] == "text"
    assert got["b"]["e"] == []
    assert got["f"][1] == 1
    for seen, right in ((got["a"][0], one), (got["a"][2][0], two), (got["b"]["c"][0]["d"], three), (got["f"][0], four)):
        assert isinstance(seen, np.ndarray)
        assert seen.tolist() == right.tolist()


@pytest.mark.parametrize("size", [0, 1, 3 * 2**20])
def test_a_frame_of_any_size_arrives_whole_and_the_next_one_after_it(size: int):
    ours, theirs = socket.socketpair()
    frames = [wire.encode({"values": np.zeros(size, dtype=np.uint8)}), wire.encode({"next": True})]
    with ours, theirs:
        sender = threading.Thread(target=theirs.sendall, args=(b"".join(frames),))
        sender.start()
        assert [wire.receive(ours, time.monotonic() + 60) for _ in frames] == frames
        sender.join()
