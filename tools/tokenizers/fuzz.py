# python tools/tokenizers/fuzz.py SEED COUNT [TOKENIZER.json ...] | npx tsx tools/tokenizers/compare.ts, with tokenizers 0.23.3.
# Writes, a line each, a tokenizer of random parts (or one of the files named, as it is) and the ids of random texts.
import itertools, json, os, random, sys
from tokenizers import Tokenizer
from parts import *

os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
seed, count, files = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]
r = random.Random(seed)
ALPHABET = sorted(set("".join(TEXTS)))
PIECES = TEXTS + ["was", " ", "  ", "<url>", "<x>", "É", "▁", "s", "\n", "<mask>"]


def text():
    kind = r.random()
    if kind < 0.4:
        return "".join(r.choice(ALPHABET) for _ in range(r.randint(0, 30)))
    if kind < 0.6:
        return "".join(chr(r.choice([r.randint(0, 0x7F), r.randint(0, 0x2FFF), r.randint(0xE000, 0x1FFFF), r.randint(0x20000, 0x33FFF)])) for _ in range(r.randint(1, 15)))
    return "".join(r.choice(PIECES) for _ in range(r.randint(1, 4)))


def vocabulary(extra=()):
    letters = r.sample(ALPHABET, r.randint(20, len(ALPHABET))) + [chr(c) for c in range(97, 123)]
    return list(dict.fromkeys([*extra, *letters]))


def model():
    kind = r.choice(["BPE", "BPE", "WordPiece", "Unigram", "Unigram", "WordLevel"])
    octets = [f"<0x{b:02X}>" for b in range(r.choice([256, 256, 240]))] if r.random() < 0.5 else []
    tokens = vocabulary(["<unk>", *octets, "▁"])
    if kind == "BPE":
        prefix, suffix = r.choice([(None, None), (None, None), ("", ""), ("@", None), (None, "/")])
        tokens += [(prefix or "") + t for t in tokens if prefix] + [t + suffix for t in tokens if suffix]
        tokens, merges = list(dict.fromkeys(tokens)), []
        for _ in range(r.randint(0, 300)):
            a, b = r.choice(tokens), r.choice(tokens)
            if prefix and not b.startswith(prefix):
                continue
            merges.append([a, b])
            tokens = list(dict.fromkeys([*tokens, a + b[len(prefix or ""):]]))
        return {"type": kind, "dropout": r.choice([None, 0.0]), "unk_token": r.choice(["<unk>", None]), "continuing_subword_prefix": prefix, "end_of_word_suffix": suffix,
                "fuse_unk": r.random() < 0.5, "byte_fallback": r.random() < 0.5, "ignore_merges": r.random() < 0.5, "vocab": {t: i for i, t in enumerate(tokens)}, "merges": merges}
    longer = ["".join(r.choice(tokens[-60:]) for _ in range(r.randint(2, 4))) for _ in range(200)]
    tokens = list(dict.fromkeys(tokens + longer))
    if kind == "Unigram":
        return {"type": kind, "unk_id": r.randint(0, 3), "byte_fallback": r.random() < 0.5, "vocab": [[t, round(-r.random() * 12, r.choice([1, 6]))] for t in tokens]}
    if kind == "WordLevel":
        return {"type": kind, "unk_token": "<unk>", "vocab": {t: i for i, t in enumerate(tokens)}}
    tokens = list(dict.fromkeys(tokens + ["##" + t for t in tokens]))
    return {"type": kind, "unk_token": "<unk>", "continuing_subword_prefix": "##", "max_input_chars_per_word": r.choice([100, 8]), "vocab": {t: i for i, t in enumerate(tokens)}}


def whole():
    chosen = model()
    vocab = chosen["vocab"]
    ids = vocab if isinstance(vocab, dict) else {t: i for i, (t, _) in enumerate(vocab)}
    normalizer = r.choice(NORMALIZERS)
    if r.random() < 0.3 and normalizer:
        normalizer = {"type": "Sequence", "normalizers": [normalizer, r.choice(NORMALIZERS[1:])]}
    pre = r.choice(PRE_TOKENIZERS)
    if r.random() < 0.3 and pre:
        pre = sequence(pre, r.choice(PRE_TOKENIZERS[1:]))
    tokens, free = [], len(ids)
    for content in r.sample(["<url>", "<x>", "É", "Was", "<mask>", "s", "ab", "12"], r.choice([0, 0, 1, 3])):
        flags = {name: r.random() < 0.4 for name in ("single_word", "lstrip", "rstrip", "normalized", "special")}
        number = ids.get(content)
        if number is None:
            number, free = free, free + 1
        tokens += added(number, content, **flags)
    return definition(chosen, normalizer, pre, tokens)


sources = itertools.cycle(json.load(open(file)) for file in files) if files else None
for _ in range(count):
    file = next(sources) if sources else whole()
    rows = []
    try:
        tokenizer = Tokenizer.from_str(json.dumps(file))
    except BaseException:
        continue
    for sample in [text() for _ in range(400 if files else 25)]:
        try:
            rows.append({"text": sample, "ids": tokenizer.encode(sample, add_special_tokens=False).ids})
        except BaseException:
            pass
    print(json.dumps({"tokenizer": file, "rows": rows}))
