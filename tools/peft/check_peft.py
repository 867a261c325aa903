"""Loads a base folder with an adapter folder in Python's PEFT and prints the logits as one line of JSON.

    python3 tools/peft/check_peft.py BASE ADAPTER < inputs.json

inputs.json: {"input_ids": [[...]], "attention_mask": [[...]]}, and token_type_ids where the model has segments.
Answer: {"peft": VERSION, "transformers": VERSION, "torch": VERSION, "logits": [...], "merged": [...]}, flat: with the
adapters beside the weights, and after PEFT merged them where it can (LoRA). Nothing is fetched.
"""

import json
import os
import sys

os.environ["HF_HUB_OFFLINE"] = "1"

import peft  # noqa: E402
import torch  # noqa: E402
import transformers  # noqa: E402


def main() -> None:
    base, adapter = sys.argv[1:3]
    config = transformers.AutoConfig.from_pretrained(base, local_files_only=True)
    is_encoder = config.model_type in ("bert", "roberta", "distilbert", "electra")
    auto = transformers.AutoModelForMaskedLM if is_encoder else transformers.AutoModelForCausalLM
    plain = auto.from_pretrained(base, local_files_only=True, dtype=torch.float32)
    model = peft.PeftModel.from_pretrained(plain, adapter).eval()
    inputs = {name: torch.tensor(rows) for name, rows in json.load(sys.stdin).items()}
    with torch.no_grad():
        logits = model(**inputs).logits
        can_merge = model.peft_config["default"].peft_type == "LORA"
        merged = model.merge_and_unload()(**inputs).logits if can_merge else None
    answer = {
        "peft": peft.__version__,
        "transformers": transformers.__version__,
        "torch": torch.__version__,
        "logits": logits.flatten().tolist(),
        "merged": merged.flatten().tolist() if merged is not None else None,
    }
    print(json.dumps(answer))


if __name__ == "__main__":
    main()
