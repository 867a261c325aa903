#!/usr/bin/env bash
# transformers 5 does not use the normaliser that a BERT folder's tokenizer.json names.
#
# Versions: transformers 5.24.0, tokenizers 0.23.3 (PyPI), Python 3.11.
# Guess: AutoTokenizer gives the ids that `tokenizers` gives for the same tokenizer.json, as transformers 4 did; where
#   tokenizer_config.json says nothing of lower-casing, the file decides.
# Behaviour: BertTokenizer is built anew from the vocabulary and the defaults of its class. A tokenizer.json with
#   "lowercase": false and whitespace splitting alone is read with lower-casing and BERT's punctuation rules, and
#   nothing is said.
# Seen: tokenizers ['[UNK]', 'it!']   transformers ['good', 'it', '!']
# What dpzo does: where tokenizer_config.json and tokenizer.json disagree it refuses, and shows both values.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q transformers==5.24.0 tokenizers==0.23.3
cd "$work"
"$work/venv/bin/python" - <<'PY'
import json, os

os.environ["HF_HUB_OFFLINE"] = "1"
vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "good", "it", "!", "it!"]
os.makedirs("model")
json.dump(
    {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [],
        "normalizer": {
            "type": "BertNormalizer",
            "clean_text": True,
            "handle_chinese_chars": True,
            "strip_accents": False,
            "lowercase": False,
        },
        "pre_tokenizer": {"type": "WhitespaceSplit"},
        "post_processor": None,
        "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": True},
        "model": {
            "type": "WordPiece",
            "unk_token": "[UNK]",
            "continuing_subword_prefix": "##",
            "max_input_chars_per_word": 100,
            "vocab": {token: index for index, token in enumerate(vocabulary)},
        },
    },
    open("model/tokenizer.json", "w"),
)
json.dump({"tokenizer_class": "BertTokenizer"}, open("model/tokenizer_config.json", "w"))
json.dump({"model_type": "bert"}, open("model/config.json", "w"))

from tokenizers import Tokenizer
from transformers import AutoTokenizer

text = "Good it!"
of_file = Tokenizer.from_file("model/tokenizer.json").encode(text, add_special_tokens=False).tokens
of_class = AutoTokenizer.from_pretrained("model").tokenize(text)
print("tokenizers  ", of_file)
print("transformers", of_class)
assert of_file == ["[UNK]", "it!"], of_file
assert of_class == ["good", "it", "!"], of_class
PY
