"""AES-256 in ECB mode (FIPS 197) over arrays of blocks: what a TC66 hides its readings with.

No secrets are kept with it: the key is in every copy of the vendor's program.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]

BLOCK = 16
ROUNDS = 14
KEY_WORDS = 8
_ROWS = np.arange(BLOCK).reshape(4, 4).T  # [row, column] -> byte of the block
SHIFT = np.stack([np.roll(_ROWS[row], -row) for row in range(4)]).T.ravel()
"""Byte that ShiftRows puts at each place."""
UNSHIFT = np.argsort(SHIFT)


def _times(a: int, b: int) -> int:
    """Product in GF(2**8) modulo x**8 + x**4 + x**3 + x + 1."""
    product = 0
    while b:
        product ^= a if b & 1 else 0
        a = (a << 1) ^ (0x11B if a & 0x80 else 0)
        b >>= 1
    return product


@cache
def _product(factor: int) -> Bytes:
    """factor * x for every byte x."""
    return np.array([_times(factor, x) for x in range(256)], np.uint8)


@cache
def _sboxes() -> tuple[Bytes, Bytes]:
    """SubBytes and its inverse: the multiplicative inverse, then an affine map of its bits."""
    box = np.zeros(256, np.uint8)
    for x in range(256):
        inverse = next((y for y in range(1, 256) if _times(x, y) == 1), 0)
        turned = [(inverse << n | inverse >> (8 - n)) & 0xFF for n in range(5)]
        box[x] = turned[0] ^ turned[1] ^ turned[2] ^ turned[3] ^ turned[4] ^ 0x63
    return box, np.argsort(box).astype(np.uint8)


@cache
def _round_keys(key: bytes) -> Bytes:
    """The key of each round, shape (ROUNDS + 1, 16)."""
    box, _ = _sboxes()
    words = [np.frombuffer(key[4 * at : 4 * at + 4], np.uint8) for at in range(KEY_WORDS)]
    constant = 1
    while len(words) < 4 * (ROUNDS + 1):
        word = words[-1]
        if len(words) % KEY_WORDS == 0:
            word = box[np.roll(word, -1)] ^ np.array([constant, 0, 0, 0], np.uint8)
            constant = _times(constant, 2)
        elif len(words) % KEY_WORDS == 4:
            word = box[word]
        words.append(words[-KEY_WORDS] ^ word)
    keys: Bytes = np.concatenate(words).reshape(ROUNDS + 1, BLOCK)
    return keys


def _mix(state: Bytes, factors: tuple[int, int, int, int]) -> Bytes:
    """Each column times the circulant matrix whose first row is `factors`."""
    columns = state.reshape(-1, 4, 4)
    rows = [
        np.bitwise_xor.reduce(
            [_product(factors[(k - row) % 4])[columns[:, :, k]] for k in range(4)]
        )
        for row in range(4)
    ]
    mixed: Bytes = np.stack(rows, axis=2).reshape(-1, BLOCK)
    return mixed


def encrypt(blocks: Bytes, key: bytes) -> Bytes:
    """`blocks` of shape (n, 16), encrypted with a key of 32 bytes."""
    keys, (box, _) = _round_keys(key), _sboxes()
    state = blocks ^ keys[0]
    for number in range(1, ROUNDS):
        state = _mix(box[state][:, SHIFT], (2, 3, 1, 1)) ^ keys[number]
    last: Bytes = box[state][:, SHIFT] ^ keys[ROUNDS]
    return last


def decrypt(blocks: Bytes, key: bytes) -> Bytes:
    """`blocks` of shape (n, 16), decrypted with a key of 32 bytes."""
    keys, (_, box) = _round_keys(key), _sboxes()
    state = box[(blocks ^ keys[ROUNDS])[:, UNSHIFT]]
    for number in range(ROUNDS - 1, 0, -1):
        state = box[_mix(state ^ keys[number], (14, 11, 13, 9))[:, UNSHIFT]]
    first: Bytes = state ^ keys[0]
    return first
