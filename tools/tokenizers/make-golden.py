# python tools/tokenizers/make-golden.py, with tokenizers 0.23.3: writes test/golden/tokenizers.json. For every tokenizer and text the
# FNV-1a hash of the ids that Python's tokenizers gives, no special token added; null where it does not open the tokenizer.
import json, itertools
from tokenizers import Tokenizer
from parts import *


def fnv(ids):
    value = 0x811C9DC5
    for byte in ",".join(map(str, ids)).encode():
        value = ((value ^ byte) * 0x01000193) & 0xFFFFFFFF
    return f"{value:08x}"


def characters():
    found = set()
    for normalizer, pre in [*((n, None) for n in NORMALIZERS), (None, byte_level(False)), (None, metaspace("always"))]:
        tokenizer = Tokenizer.from_str(json.dumps(definition(showing_model("a"), normalizer, pre)))
        for text in TEXTS:
            if tokenizer.normalizer is not None:
                text = tokenizer.normalizer.normalize_str(text)
            for piece, _ in tokenizer.pre_tokenizer.pre_tokenize_str(text) if tokenizer.pre_tokenizer else [(text, 0)]:
                found.update(piece)
    return sorted(found)


def models():
    letters = "abcdefghijklmnopqrstuvwxyz"
    pieces = ["th", "at", "wa", "was", "it", "gr", "gre", "great", "film", "do", "st", "lin", "line", "en", "end"]
    word = {"[UNK]": 0}
    for token in [*letters, *(f"##{c}" for c in letters), "was", "great", "##eat", "film", "don", "stop", "le", "##ad", "##ading", ".", "!", "'", "##'", "caf", "##é", "日", "##本"]:
        word.setdefault(token, len(word))
    for prefix, longest in (("##", 100), ("##", 5), ("", 100), ("##", 0)):
        yield {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": prefix, "max_input_chars_per_word": longest, "vocab": word}
    yield {"type": "WordLevel", "unk_token": "[UNK]", "vocab": {"[UNK]": 0, "It": 1, "was": 2, "great": 3, "a": 4}}
    octets = [f"<0x{b:02X}>" for b in range(256)]
    for fuse, fallback, ignore, unknown, some in itertools.product((False, True), (False, True), (False, True), ("<unk>", None), (256, 200)):
        vocabulary = {"<unk>": 0}
        for token in [*octets[:some], *letters, " ", *pieces, "<unk>a"]:
            vocabulary.setdefault(token, len(vocabulary))
        merges = [["t", "h"], ["a", "t"], ["w", "a"], ["wa", "s"], ["i", "t"], ["g", "r"], ["gr", "e"], ["gre", "at"], ["d", "o"], ["s", "t"], ["e", "n"], ["en", "d"], ["<unk>", "a"]]
        yield {"type": "BPE", "dropout": None, "unk_token": unknown, "continuing_subword_prefix": None, "end_of_word_suffix": None, "fuse_unk": fuse, "byte_fallback": fallback,
               "ignore_merges": ignore, "vocab": vocabulary, "merges": merges}
    affixes = {"<unk>": 0}
    for token in [*letters, *(f"@{c}" for c in letters), *(f"{c}/" for c in letters), *(f"@{c}/" for c in letters), "wa", "was/", "gr", "@e@a", "ea"]:
        affixes.setdefault(token, len(affixes))
    yield {"type": "BPE", "unk_token": "<unk>", "continuing_subword_prefix": "@", "end_of_word_suffix": "/", "fuse_unk": False, "byte_fallback": False, "vocab": affixes,
           "merges": ["w @a", "wa @s/", "g @r"]}
    for fallback, unknown in itertools.product((False, True), (0, 3, None)):
        scores = [["<unk>", 0.0], *([o, -9.0] for o in octets), ["▁", -2.5], *([c, -4.0 - i / 8] for i, c in enumerate(letters)), *([p, -5.0 - len(p) / 4] for p in pieces),
                  ["▁was", -3.0], ["▁great", -3.5], ["▁a", -3.0], ["日", -6.0], ["aa", -8.0], ["aaa", -12.0], ["😀", -7.0]]
        yield {"type": "Unigram", "unk_id": unknown, "vocab": scores, "byte_fallback": fallback}


def tokenizers():
    showing = showing_model(characters())
    size = len(showing["vocab"])
    for normalizer in NORMALIZERS:
        yield "showing", definition(None, normalizer)
        yield "showing", definition(None, normalizer, {"type": "WhitespaceSplit"})
    for pre in PRE_TOKENIZERS:
        yield "showing", definition(None, None, pre)
    flags = ["single_word", "lstrip", "rstrip", "normalized", "special"]
    for values in itertools.product((False, True), repeat=5):
        tokens = added(size, "<url>", "<mask>", "<Ünï>", "</s>", **dict(zip(flags, values)))
        for normalizer, pre in ((None, None), (BERT(True, True, None, True), {"type": "BertPreTokenizer"}), (NORMALIZERS[17], None), (None, byte_level(True)), (None, metaspace("first"))):
            yield "showing", definition(None, normalizer, pre, tokens)
    ids = showing["vocab"]
    one = lambda content, **flags: added(ids[content], content, **flags)
    for tokens in (one("a") + added(size, "ab") + one("b"), one(" ", rstrip=True) + added(size, "  "), added(size, "aa", lstrip=True, rstrip=True), added(size, "was", "wa", single_word=True),
                   added(size, "Film", "film", "É", "caf", normalized=True), added(7, "<url>")):
        yield "showing", definition(None, BERT(True, True, None, True) if tokens[0]["normalized"] else None, None, tokens)
    for model in models():
        for pre in (None, {"type": "WhitespaceSplit"}, metaspace("always")):
            yield None, definition(model, None, pre)


rows, shared = [], showing_model(characters())
for kind, file in tokenizers():
    whole = {**file, "model": shared} if kind == "showing" else file
    try:
        tokenizer = Tokenizer.from_str(json.dumps(whole))
    except BaseException:
        tokenizer = None
    hashes = []
    for text in TEXTS:
        try:
            hashes.append(fnv(tokenizer.encode(text, add_special_tokens=False).ids) if tokenizer else None)
        except BaseException:
            hashes.append(None)
    kept = {key: value for key, value in file.items() if value is not None and value != [] and key not in ("version",)}
    rows.append({"tokenizer": kept, "hashes": "".join(h or "-" * 8 for h in hashes)})
# Models are written once each, and named by their place.
written = [shared]
for row in rows:
    model = row["tokenizer"].pop("model", shared)
    if model not in written:
        written.append(model)
    row["model"] = written.index(model)
with open("test/golden/tokenizers.json", "w") as file:
    lines = [f'"made by": "tools/tokenizers/make-golden.py, tokenizers 0.23.3"', f'"texts": {json.dumps(TEXTS)}', f'"models": {json.dumps(written, separators=(",", ":"))}',
             '"tokenizers": [\n' + ",\n".join(json.dumps(row, separators=(",", ":")) for row in rows) + "\n]"]
    file.write("{\n" + ",\n".join(lines) + "\n}\n")
print(len(rows), "tokenizers", len(TEXTS), "texts")
