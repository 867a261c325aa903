#!/usr/bin/env python3
"""An independent reading of the direction generator's definition, in Python's standard library.

`python3 tools/kernels/reference.py > src/directions/golden.json` writes the golden vectors. Python's floats are f64;
rounding each f64 result to f32 gives the correctly rounded f32 result of +, -, *, / and sqrt of f32 operands.
"""
import hashlib
import json
import math
import struct

MASK = 0xFFFFFFFF


def f32(x):
    return struct.unpack("<f", struct.pack("<f", x))[0]


def to_bits(x):
    return struct.unpack("<I", struct.pack("<f", x))[0]


def from_bits(b):
    return struct.unpack("<f", struct.pack("<I", b & MASK))[0]


def signed(w):
    return w - (1 << 32) if w & 0x80000000 else w


def rotate(v, n):
    return ((v << n) | (v >> (32 - n))) & MASK


def chacha_block(key, nonce, counter, double_rounds=4):
    start = [0x61707865, 0x3320646E, 0x79622D32, 0x6B206574, *key, counter, *nonce]
    x = list(start)

    def quarter(a, b, c, d):
        x[a] = (x[a] + x[b]) & MASK
        x[d] = rotate(x[d] ^ x[a], 16)
        x[c] = (x[c] + x[d]) & MASK
        x[b] = rotate(x[b] ^ x[c], 12)
        x[a] = (x[a] + x[b]) & MASK
        x[d] = rotate(x[d] ^ x[a], 8)
        x[c] = (x[c] + x[d]) & MASK
        x[b] = rotate(x[b] ^ x[c], 7)

    for _ in range(double_rounds):
        for i in range(4):
            quarter(i, 4 + i, 8 + i, 12 + i)
        for i in range(4):
            quarter(i, 4 + (i + 1) % 4, 8 + (i + 2) % 4, 12 + (i + 3) % 4)
    return [(a + b) & MASK for a, b in zip(x, start)]


def radius(word):
    bits = to_bits(f32(max(word, 1))) - (0x3F3504F3 + (32 << 23))
    exponent = bits >> 23
    m = from_bits((bits & 0x7FFFFF) + 0x3F3504F3)
    s = f32(f32(m - 1) / f32(m + 1))
    y = f32(s * s)
    p = f32(-0.5915989875793457)
    for c in (-0.7997756004333496, -1.3333337306976318, -4.0):
        p = f32(f32(y * p) + c)
    return f32(math.sqrt(f32(f32(exponent * f32(-2 * math.log(2))) + f32(s * p))))


def turned(word):
    """cos and sin of 2 pi (word + 1/2) / 2^32."""
    quadrant = ((word + (1 << 29)) >> 30) & 3
    rest = signed((word << 2) & MASK) + 2  # the angle from the quadrant's middle, pi / 2^33 a unit
    x = f32(f32(rest) * f32(math.pi / 2**33))
    y = f32(x * x)
    p = f32(f32(y * f32(-0.00019587890710681677)) + f32(0.008332747966051102))
    p = f32(f32(y * p) + f32(-0.166666641831398))
    sine = f32(x + f32(f32(y * p) * x))
    p = f32(f32(y * f32(0.00002454794230288826)) + f32(-0.001388830249197781))
    p = f32(f32(y * p) + f32(0.0416666641831398))
    p = f32(f32(y * p) - 0.5)
    cosine = f32(1 + f32(y * p))
    return [(cosine, sine), (-sine, cosine), (-cosine, -sine), (sine, -cosine)][quadrant]


class Stream:
    def __init__(self, run_seed, step, direction, tensor, distribution, scale=1.0):
        digest = hashlib.sha256(b"dpzo/direction/1\n" + run_seed + tensor.encode()).digest()
        self.key = struct.unpack("<8I", digest)
        self.distribution = distribution
        self.nonce = (step, direction, 2 if distribution == "rademacher" else 1)
        self.scale = f32(scale)
        self.cache = {}

    def block(self, counter):
        if counter not in self.cache:
            self.cache = {counter: chacha_block(self.key, self.nonce, counter)}
        return self.cache[counter]

    def value(self, i):
        if self.distribution == "rademacher":
            word = self.block(i >> 9)[(i >> 5) & 15]
            return -1.0 if (word >> (i & 31)) & 1 else 1.0
        words, j = self.block(i >> 4), i & 15
        r = radius(words[j & 7])
        return f32(f32(r * turned(words[(j & 7) + 8])[j >> 3]) * self.scale)


def hex_of(values):
    return "".join(struct.pack(">f", v).hex() for v in values)


SEEDS = [bytes(range(32)), b"\xff" * 32]
CASES = [
    (0, 0, 0, "a", "gaussian", None, 0, 64),
    (0, 1, 0, "a", "gaussian", None, 0, 24),
    (0, 0, 1, "a", "gaussian", None, 0, 24),
    (1, 0, 0, "a", "gaussian", None, 0, 24),
    (0, 7, 31, "roberta.encoder.layer.5.output.dense.weight", "gaussian", None, 1234567, 40),
    (0, 4294967295, 4294967295, "größe\u2009\U0001f9ea", "gaussian", None, 2**36 - 20, 20),
    (0, 3, 2, "a", "rademacher", None, 0, 128),
    (0, 3, 2, "a", "rademacher", None, 2**41 - 70, 70),
    (0, 3, 2, "a", "sphere", 0.984375, 2040, 24),
    (1, 3, 2, "a", "sphere", 1.0078125, 0, 24),
]


def stream_record(seed, step, direction, tensor, distribution, scale):
    record = dict(runSeed=SEEDS[seed].hex(), step=step, direction=direction, tensor=tensor, distribution=distribution)
    return record if scale is None else dict(record, scale=scale)


def fills():
    for seed, step, direction, tensor, distribution, scale, first, count in CASES:
        stream = Stream(SEEDS[seed], step, direction, tensor, distribution, scale or 1.0)
        yield dict(
            stream=stream_record(seed, step, direction, tensor, distribution, scale),
            firstIndex=first,
            values=hex_of(stream.value(first + i) for i in range(count)),
        )


def squared_norm(stream, length):
    sums = [0.0] * 4
    for i in range(length):
        sums[i & 3] += stream.value(i) ** 2
    return (sums[0] + sums[1]) + (sums[2] + sums[3])


def updated(weights, anchor, streams, coefficients, rate, pull):
    rate, pull = f32(rate), f32(pull)
    result = []
    for i, w in enumerate(weights):
        acc = 0.0
        for stream, c in zip(streams, coefficients):
            acc = f32(acc + f32(f32(c) * stream.value(i)))
        if pull == 0:
            result.append(f32(w - f32(rate * acc)))
        else:
            pulled = f32(w + f32(pull * anchor[i]))
            result.append(f32(f32(pulled - f32(rate * acc)) / f32(1 + pull)))
    return result


def main():
    size = 40
    weights = [f32(math.ldexp((i * 37) % 101 - 50, -6)) for i in range(size)]
    anchor = [f32(math.ldexp((i * 53) % 97 - 48, -6)) for i in range(size)]
    z = Stream(SEEDS[0], 5, 0, "w", "gaussian")
    phi = f32(1e-3)
    streams = [z, Stream(SEEDS[0], 5, 1, "w", "rademacher"), Stream(SEEDS[0], 5, 2, "w", "sphere", 1.0078125)]
    coefficients = [0.1, -2.5, 7.0]
    golden = dict(
        madeBy="python3 tools/kernels/reference.py; values are f32 (sums f64), big-endian hex",
        fills=list(fills()),
        squaredNorm=dict(
            stream=stream_record(0, 0, 0, "a", "gaussian", None),
            length=4099,
            value=struct.pack(">d", squared_norm(Stream(SEEDS[0], 0, 0, "a", "gaussian"), 4099)).hex(),
        ),
        weights=hex_of(weights),
        anchor=hex_of(anchor),
        perturb=dict(
            stream=stream_record(0, 5, 0, "w", "gaussian", None),
            smoothing=1e-3,
            plus=hex_of(f32(w + f32(phi * z.value(i))) for i, w in enumerate(weights)),
            minus=hex_of(f32(w - f32(phi * z.value(i))) for i, w in enumerate(weights)),
        ),
        update=dict(
            streams=[
                stream_record(0, 5, 0, "w", "gaussian", None),
                stream_record(0, 5, 1, "w", "rademacher", None),
                stream_record(0, 5, 2, "w", "sphere", 1.0078125),
            ],
            coefficients=coefficients,
            learningRate=0.01,
            pull=0.25,
            plain=hex_of(updated(weights, anchor, streams, coefficients, 0.01, 0)),
            pulled=hex_of(updated(weights, anchor, streams, coefficients, 0.01, 0.25)),
        ),
    )
    print(json.dumps(golden, indent=2))


if __name__ == "__main__":
    main()
