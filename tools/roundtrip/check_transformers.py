"""Loads a checkpoint folder in Python transformers and prints its logits as one line of JSON.

    python3 tools/roundtrip/check_transformers.py FOLDER < inputs.json

inputs.json: {"input_ids": [[...]], "attention_mask": [[...]]}, and token_type_ids where the model has segments.
Answer: {"transformers": VERSION, "torch": VERSION, "shape": [records, positions, vocabulary], "logits": [...]}, flat.
Nothing is fetched: the folder must hold the model.
"""

import json
import os
import sys

os.environ["HF_HUB_OFFLINE"] = "1"

import torch  # noqa: E402
import transformers  # noqa: E402


def main() -> None:
    folder = sys.argv[1]
    config = transformers.AutoConfig.from_pretrained(folder, local_files_only=True)
    is_encoder = config.model_type in ("bert", "roberta", "distilbert", "electra")
    auto = transformers.AutoModelForMaskedLM if is_encoder else transformers.AutoModelForCausalLM
    model = auto.from_pretrained(folder, local_files_only=True, dtype=torch.float32).eval()
    inputs = {name: torch.tensor(rows) for name, rows in json.load(sys.stdin).items()}
    with torch.no_grad():
        logits = model(**inputs).logits
    answer = {
        "transformers": transformers.__version__,
        "torch": torch.__version__,
        "shape": list(logits.shape),
        "logits": logits.flatten().tolist(),
    }
    print(json.dumps(answer))


if __name__ == "__main__":
    main()
