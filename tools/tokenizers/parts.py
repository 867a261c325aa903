# What make-golden.py and fuzz.py share: texts, components, and small vocabularies that show every cut.
import base64, struct

TEXTS = [
    "It was a great film.", "don't stop!! I'LL go, we've DON'T", "Café naïve Ångström ﬁne ﬃ", "e\u0301 a\u030a o\u0308\u0323 o\u0323\u0308 \u1e69",
    "日本語 東京a京b 한국어 ᄒ\u1161\u11ab", "𠀀𠀁 x 𝒳 😀👩‍👩‍👧‍👦 🇩🇪 👍🏽 ☃", "a\u200bb\u200dc\ufeffd\u00ade", "a\u00a0b\u2003c\u3000d\u1680e", "x\u0085y\ufeff z\u2028w",
    "tab\tnew\nline\r\nend \u000b\u000c", "İstanbul ıI ẞß ǅ", "ΣΑΣ ΟΔΥΣΣΕΥΣ. σας", "12 345,678 ½ ² Ⅷ ٣٤ ①②", "a" * 30 + " " + "b" * 12, "  leading  and   trailing   ",
    "", " ", "\n\n\n", "a_b-c/d\\e@f#g$h%i^j&k*l", "«quote» “curly” ‘single’ … — – ‽", "Straße in München", "नमस्ते क्षि ก้ สวัสดี", "שָׁלוֹם مرحبا َ", "\u0378 \U0001fffe \ue000 \ufffd",
    "ſ ſt 'ſ 'S 'LL K", "x<url>y <url> <URL>z", "<s>a</s> <mask>  b <mask>c", "Ünï <Ünï> <ünï> <uni>", "\u0344\u0340 \u0f77 \u2126 \u212b", "ｆｕｌｌ　ｗｉｄｔｈ ﾊﾟ ㍿", "a\u0000b\u0001c\u007fd\u009fe",
    "\u32ff \ua7f2 \u1e030 \U00010781", "\u166d \u2e43 \u061d \U0001e95e", "▁a ▁▁b _c_", "<0x41> <0xE2>", "ΑΣ\u0301 Σ\u0345", "ab12ab cd\u0663ef", "\U000105d2\u0307 \U00011384\U000113bb",
]


def charsmap(rules):
    """A small precompiled_charsmap: a double array over the keys' bytes, and the texts they become."""
    root = {}
    texts, offsets = b"", {}
    for key, text in sorted(rules.items()):
        if text not in offsets:
            offsets[text] = len(texts)
            texts += text.encode() + b"\0"
        node = root
        for byte in key.encode():
            node = node.setdefault(byte, {})
        node[0] = offsets[text]
    units, used = {0: 0}, {0}

    def place(node, at):
        labels = sorted(node)
        base = 1
        while any((base ^ label) in used or base ^ label == 0 for label in labels):
            base += 1
        units[at] |= ((base ^ at) << 10) | (0x100 if 0 in node else 0)
        for label in labels:
            used.add(base ^ label)
            units[base ^ label] = (node[0] | 0x80000000) if label == 0 else label
        for label in labels:
            if label != 0:
                place(node[label], base ^ label)

    place(root, 0)
    size = (max(units) // 256 + 1) * 256
    array = b"".join(struct.pack("<I", units.get(i, 0)) for i in range(size))
    return base64.b64encode(struct.pack("<I", len(array)) + array + texts).decode()


CHARSMAP = charsmap({
    "①": "1", "②": "2", "ﬁ": "fi", "e\u0301": "é", "\t": " ", "\n": " ", "\r": " ", "\u00a0": " ", "\u3000": " ", "\u0001": "", "½": "1/2", "ß": "ss", "👍": "+",
    "a\u030a": "å", "ｆ": "f", "ﾊ": "ハ", "ﾊﾟ": "パ", "क": "k", "\u200b": " ", "\ufeff": "",
})

BERT = lambda clean, cjk, accents, lower: {
    "type": "BertNormalizer", "clean_text": clean, "handle_chinese_chars": cjk, "strip_accents": accents, "lowercase": lower}

NORMALIZERS = [
    None, BERT(True, True, None, True), BERT(True, True, None, False), BERT(False, True, True, False), BERT(True, False, False, True), BERT(False, False, None, True),
    {"type": "Lowercase"}, {"type": "NFC"}, {"type": "NFD"}, {"type": "NFKC"}, {"type": "NFKD"}, {"type": "StripAccents"},
    {"type": "Sequence", "normalizers": [{"type": "NFD"}, {"type": "StripAccents"}, {"type": "Lowercase"}]},
    {"type": "Strip", "strip_left": True, "strip_right": True}, {"type": "Strip", "strip_left": True, "strip_right": False}, {"type": "Strip", "strip_left": False, "strip_right": True},
    {"type": "Prepend", "prepend": "▁"}, {"type": "Sequence", "normalizers": [{"type": "Prepend", "prepend": "▁"}, {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}]},
    {"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": "▁"}, {"type": "Replace", "pattern": {"String": "$a"}, "content": "$&"}, {"type": "Replace", "pattern": {"Regex": "\\s+"}, "content": " "},
    {"type": "Precompiled", "precompiled_charsmap": CHARSMAP}, {"type": "Sequence", "normalizers": [{"type": "Precompiled", "precompiled_charsmap": CHARSMAP}, {"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": " "}]},
    {"type": "Sequence", "normalizers": []}, {"type": "Nmt"}, {"type": "Sequence", "normalizers": [{"type": "Nmt"}, {"type": "NFKC"}]}, {"type": "ByteLevel"},
]

BEHAVIORS = ["Removed", "Isolated", "MergedWithPrevious", "MergedWithNext", "Contiguous"]
CL100K = "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"
O200K = "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]*[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]+[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"
BLOOM = " ?[^(\\s|[.,!?…。，、।۔،])]+"
DEEPSEEK = "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\\r\\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"
PATTERNS = [CL100K, O200K, BLOOM, DEEPSEEK, "\\s+", "\\s", "\\w+|[^\\w\\s]+", "[\\w']+", "\\d", "\\p{N}{1,3}", "[一-龥぀-ゟ゠-ヿ]+", "a", "[0-9][0-9][0-9]", ".", "(?:ab|a)(?=b)?", "[^a-c\\]\\-]+", "[a-c-]", "\\P{L}", "\\W+", "\\S", "\\p{Han}+",
    "\\bx", "^a", "a*", "a+?", "(a+)+", "(?<=a)b", "[[:alpha:]]+", "\\p{L}++", "(?i:ß)", "\\x41|\\x{3a3}", "(?>a|b)", "[a&&b]"]


def split(pattern, behavior="Isolated", invert=False, kind="Regex"):
    return {"type": "Split", "pattern": {kind: pattern}, "behavior": behavior, "invert": invert}


def byte_level(space, regex=True):
    return {"type": "ByteLevel", "add_prefix_space": space, "trim_offsets": True, "use_regex": regex}


def metaspace(scheme, cut=True, character="▁"):
    return {"type": "Metaspace", "replacement": character, "prepend_scheme": scheme, "split": cut}


def sequence(*parts):
    return {"type": "Sequence", "pretokenizers": list(parts)}


PRE_TOKENIZERS = [
    None, {"type": "BertPreTokenizer"}, {"type": "Whitespace"}, {"type": "WhitespaceSplit"}, byte_level(False), byte_level(True), byte_level(False, False), byte_level(True, False),
    {"type": "Digits", "individual_digits": True}, {"type": "Digits", "individual_digits": False}, {"type": "Punctuation"},
    *[{"type": "Punctuation", "behavior": b} for b in BEHAVIORS], *[metaspace(s, c) for s in ("always", "first", "never") for c in (True, False)], metaspace("always", True, "_"),
    *[split(" ", b, i, "String") for b in BEHAVIORS for i in (False, True)], *[split("\\s+|\\p{P}", b, i) for b in BEHAVIORS for i in (False, True)], *[split(p) for p in PATTERNS],
    sequence({"type": "WhitespaceSplit"}, metaspace("always")), sequence({"type": "WhitespaceSplit"}, metaspace("first")), sequence({"type": "Punctuation", "behavior": "Isolated"}, byte_level(False)), sequence(split(CL100K), byte_level(False, False)),
    sequence({"type": "Digits", "individual_digits": True}, byte_level(False)), sequence(), sequence(byte_level(False), metaspace("always")),
    {"type": "CharDelimiterSplit", "delimiter": "a"}, {"type": "UnicodeScripts"}, {"type": "FixedLength", "length": 3},
]


def added(first, *contents, **flags):
    base = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": False}
    return [{"id": first + i, "content": c, **base, **flags} for i, c in enumerate(contents)]


def definition(model, normalizer=None, pre_tokenizer=None, added_tokens=()):
    return {"version": "1.0", "truncation": None, "padding": None, "added_tokens": list(added_tokens), "normalizer": normalizer, "pre_tokenizer": pre_tokenizer,
            "post_processor": None, "decoder": None, "model": model}


def showing_model(characters):
    """Every character is a token, and another one at the end of a piece: the ids show every cut."""
    vocabulary = {"<unk>": 0}
    for suffix in ("", "\ue123"):
        for c in characters:
            vocabulary.setdefault(c + suffix, len(vocabulary))
    return {"type": "BPE", "dropout": None, "unk_token": "<unk>", "continuing_subword_prefix": None, "end_of_word_suffix": "\ue123", "fuse_unk": False, "byte_fallback": False,
            "ignore_merges": False, "vocab": vocabulary, "merges": []}
