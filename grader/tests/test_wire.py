"""Frames survive the journey, and nothing that a hostile process can send raises anything but `BadFrame`."""

import json
import socket
import struct
import threading
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from grader import wire

dtypes = st.sampled_from([np.dtype(name) for name in wire.DTYPES])
shapes = arrays.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=5)
names = st.text(max_size=8).filter(lambda name: name != "$array")
observations = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text() | arrays.arrays(dtypes, shapes),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=4),
    max_leaves=12,
)
plain_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8) | st.just("$array"), inner),
    max_leaves=20,
)


def same(first: object, second: object) -> bool:
    if isinstance(first, np.ndarray):
        return isinstance(second, np.ndarray) and first.dtype == second.dtype and first.tobytes() == second.tobytes()
    if isinstance(first, dict):
        return (
            isinstance(second, dict) and list(first) == list(second) and all(same(first[k], second[k]) for k in first)
        )
    if isinstance(first, list):
        return isinstance(second, list) and len(first) == len(second) and all(map(same, first, second))
    return first == second and type(first) is type(second)


@given(st.dictionaries(names, observations, max_size=5))
def test_what_is_encoded_is_decoded(value: dict):
    assert same(wire.decode(wire.encode(value)), value)


@given(plain_json, st.binary(max_size=64))
@settings(max_examples=400)
def test_any_json_with_any_body_is_a_value_or_a_bad_frame(value: object, body: bytes):
    text = json.dumps(value).encode()
    try:
        result = wire.decode(struct.pack("!II", len(text), len(body)) + text + body)
    except wire.BadFrame:
        return
    assert isinstance(result, dict)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_value_or_a_bad_frame(noise: bytes):
    try:
        wire.decode(struct.pack("!II", len(noise), 0) + noise)
    except wire.BadFrame:
        return


@pytest.mark.parametrize(
    "description",
    [
        ["<f8", [2, -1]],
        ["<f8", [2**40]],
        ["<f8", [1] * 7],
        ["<f8", [True]],
        ["<f8", 3],
        ["|O", [1]],
        ["<f8"],
        [["<f8"], [1]],
        {"0": 1},
        ["<f8", [1.5]],
        ["<f8", [2]],
    ],
)
def test_a_lying_array_is_a_bad_frame(description: object):
    text = json.dumps({"a": {"$array": description}}).encode()
    with pytest.raises(wire.BadFrame):
        wire.decode(struct.pack("!II", len(text), 8) + text + bytes(8))


def test_deep_nesting_is_a_bad_frame():
    text = b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    with pytest.raises(wire.BadFrame):
        wire.decode(struct.pack("!II", len(text), 0) + text)


def test_a_huge_frame_is_refused_before_it_is_read():
    ours, theirs = socket.socketpair()
    theirs.sendall(struct.pack("!II", 10, wire.LARGEST_BODY + 1))
    with pytest.raises(wire.BadFrame):
        wire.receive(ours, time.monotonic() + 5)


def test_a_frame_that_trickles_in_is_late_and_the_waiting_is_used():
    ours, theirs = socket.socketpair()
    stop, looks = threading.Event(), []

    def trickle() -> None:
        theirs.sendall(struct.pack("!II", 1000, 0))
        while not stop.wait(0.02):
            theirs.sendall(b" ")

    sender = threading.Thread(target=trickle)
    sender.start()
    try:
        with pytest.raises(wire.Late):
            wire.receive(ours, time.monotonic() + 0.5, lambda: looks.append(1))
    finally:
        stop.set()
        sender.join()
    assert looks


def test_a_closed_connection_has_ended():
    ours, theirs = socket.socketpair()
    theirs.sendall(b"abc")
    theirs.close()
    with pytest.raises(wire.Ended):
        wire.receive(ours, time.monotonic() + 5)


@pytest.mark.parametrize("value", [{"a": float("nan")}, {"a": object()}, {"a": np.array(["text"])}])
def test_what_a_frame_cannot_carry_is_refused_when_it_is_sent(value: dict):
    with pytest.raises((TypeError, ValueError)):
        wire.encode(value)
