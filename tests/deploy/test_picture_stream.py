"""Pictures out of a stream: whole ones all, and nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgekit.deploy import picture_stream
from edgekit.deploy.picture_stream import PictureStream
from tests.helpers.jpegs import picture, scan_start, with_thumbnail

WHOLE = st.one_of(
    st.integers(0, 5).map(picture),
    st.integers(0, 2).map(lambda seed: picture(seed, progressive=True)),
    st.integers(0, 2).map(lambda seed: picture(seed, format="PNG")),
    st.integers(0, 2).map(with_thumbnail),
)
RUBBISH = st.binary(max_size=40).map(
    lambda data: data.replace(b"\xff", b"-").replace(b"\x89", b"-")
)


@st.composite
def cut(draw: st.DrawFn) -> bytes:
    """A JPEG that ends inside its scan."""
    jpeg = picture(draw(st.integers(0, 5)))
    return jpeg[: draw(st.integers(scan_start(jpeg), len(jpeg) - 2))]


PIECES = st.lists(
    st.one_of(WHOLE.map(lambda data: (True, data)), RUBBISH.map(lambda data: (False, data))),
    max_size=8,
)


def fed(data: bytes, sizes: list[int]) -> tuple[list[bytes], PictureStream]:
    """The pictures of a stream that comes in chunks of those sizes, over and over."""
    stream, found, at, turn = PictureStream(), [], 0, 0
    while at < len(data):
        size = sizes[turn % len(sizes)]
        found += stream.feed(data[at : at + size])
        at, turn = at + size, turn + 1
    return found + stream.close(), stream


@given(PIECES, st.lists(st.integers(1, 3000), min_size=1, max_size=4))
def test_every_whole_picture_comes_in_order(
    pieces: list[tuple[bool, bytes]], sizes: list[int]
) -> None:
    found, stream = fed(b"".join(data for _, data in pieces), sizes)
    assert found == [data for whole, data in pieces if whole]
    assert stream.broken == 0
    assert stream.passed == sum(len(data) for whole, data in pieces if not whole)


@given(st.lists(st.tuples(cut(), WHOLE), min_size=1, max_size=4), st.integers(1, 5000))
def test_a_picture_that_is_cut_short_costs_none_of_the_others(
    pairs: list[tuple[bytes, bytes]], size: int
) -> None:
    jpegs = [(short, whole) for short, whole in pairs if whole.startswith(b"\xff\xd8")]
    found, stream = fed(b"".join(short + whole for short, whole in jpegs), [size])
    assert found == [whole for _, whole in jpegs]
    assert stream.broken == len(jpegs)


@given(
    st.lists(
        st.sampled_from([b"\xff", b"\xd8", b"\xd9", b"\xda", b"\xff\xd8\xff", b"\0\4", b"\x89PNG"])
        | st.binary(max_size=6),
        max_size=60,
    ),
    st.integers(1, 9),
)
def test_anything_may_come_and_chunks_do_not_matter(parts: list[bytes], size: int) -> None:
    data = b"".join(parts)
    found, stream = fed(data, [size])
    assert found == fed(data, [len(data) or 1])[0]
    assert all(part in data for part in found)
    assert sum(map(len, found)) + stream.passed == len(data)


def test_a_head_that_was_cut_off_costs_one_picture_at_most() -> None:
    whole = picture(1)
    for end in range(2, scan_start(whole), 7):
        found, _ = fed(whole[:end] + picture(2) + picture(3) + picture(4), [1000])
        assert found[-2:] == [picture(3), picture(4)], end


def test_parts_of_multipart_are_passed_over() -> None:
    head = b"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: 9\r\n\r\n"
    found, stream = fed((head + picture(1) + b"\r\n") * 3, [777])
    assert found == [picture(1)] * 3
    assert stream.passed == 3 * (len(head) + 2)


def test_a_picture_without_an_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(picture_stream, "LARGEST", 5000)
    endless = picture(1)[:-2] + bytes(6000)
    found, stream = fed(endless + picture(2), [500])
    assert found == [picture(2)]
    assert stream.broken == 1
