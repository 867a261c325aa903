# python tools/tokenizers/make-tables.py, with tokenizers 0.23.3 and node on the path: writes src/tasks/tokenizer/unicode.generated.ts,
# the code points on which Python's tokenizers (whose parts hold tables of several Unicode versions) and a JavaScript engine can
# disagree. Asked of the library itself, code point by code point.
import json, subprocess
from tokenizers import Regex, normalizers as N, pre_tokenizers as P

CODE_POINTS = [c for c in range(0x110000) if not 0xD800 <= c <= 0xDFFF]


def matched(pre_tokenizer):
    """Code points that a pre-tokenizer which removes its matches takes out."""
    found = []
    for start in range(0, len(CODE_POINTS), 4096):
        part = CODE_POINTS[start : start + 4096]
        kept = set()
        for _, (first, last) in pre_tokenizer.pre_tokenize_str("a".join(map(chr, part))):
            kept.update(range(first, last))
        found += [c for i, c in enumerate(part) if 2 * i not in kept]
    return found


def removed(normalizer):
    return [c for c in CODE_POINTS if normalizer.normalize_str(chr(c)) == ""]


def changed_in_javascript(form):
    script = (
        f"const l=[];for(let c=0;c<0x110000;c++){{if(c>=0xd800&&c<=0xdfff)continue;const s=String.fromCodePoint(c);"
        f"if(s.normalize('{form}')!==s)l.push(c)}}console.log(JSON.stringify(l))"
    )
    return json.loads(subprocess.check_output(["node", "-e", script]))


def not_decomposed():
    canonical = [c for c in changed_in_javascript("NFD") if N.NFD().normalize_str(chr(c)) == chr(c)]
    other = [c for c in changed_in_javascript("NFKD") if N.NFKD().normalize_str(chr(c)) == chr(c)]
    return canonical, other


def ranges(points):
    joined = []
    for c in sorted(points):
        if joined and joined[-1][1] == c - 1:
            joined[-1][1] = c
        else:
            joined.append([c, c])
    return " ".join(f"{a:x}" if a == b else f"{a:x}-{b:x}" for a, b in joined)


canonical, compatible = not_decomposed()
tables = {
    "punctuation": ("ASCII punctuation, and P of the `unicode_categories` crate", matched(P.Punctuation("removed"))),
    "bertMark": ("Mn of the `unicode_categories` crate", [c for c in removed(N.BertNormalizer(False, False, True, False)) ]),
    "bertControl": ("what BERT's `clean_text` drops", removed(N.BertNormalizer(True, False, False, False))),
    "combiningMark": ("M of the `unicode-normalization-alignments` crate", removed(N.StripAccents())),
    "notDecomposed": ("have a canonical decomposition that the same crate does not know", canonical),
    "notCompatible": ("have a decomposition of any kind that the same crate does not know", compatible),
    "patternUnassigned": ("not assigned in the tables of Oniguruma", matched(P.Split(Regex(r"\p{Cn}"), "removed"))),
}
# What no version of Unicode will assign need not be listed one by one: planes 4 to 13.
tables["patternUnassigned"] = (tables["patternUnassigned"][0], [c for c in tables["patternUnassigned"][1] if not 0x40000 <= c < 0xE0000])
out = "// Made by tools/tokenizers/make-tables.py from Python's tokenizers 0.23.3. Ranges of code points, in hexadecimal.\n\n"
for name, (meaning, points) in tables.items():
    line = ranges(points)
    pieces, current = [], ""
    for item in line.split(" "):
        if len(current) + len(item) + 1 > 100:
            pieces.append(current)
            current = ""
        current += item + " "
    pieces.append(current.rstrip())
    body = " +\n  ".join(json.dumps(piece) for piece in pieces)
    out += f"/** {len(points)} code points: {meaning}. */\nexport const {name} =\n  {body};\n\n"
open("src/tasks/tokenizer/unicode.generated.ts", "w").write(out.rstrip() + "\n")
