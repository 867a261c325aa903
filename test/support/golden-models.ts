/** Folders of `../shared/golden/models`: tiny random checkpoints, each with the logits that transformers computed. */
export const goldenEncoders = [
  "bert",
  "bert-gelu-new-bf16",
  "roberta",
  "roberta-sharded-f16",
  "distilbert",
  "electra-small-generator",
] as const;

/** The decoders among them, which also have greedy texts and log-likelihoods. */
export const goldenDecoders = [
  "gpt2",
  "opt-pre-norm",
  "opt-post-norm-proj",
  "llama-gqa-tied",
  "llama-untied-mha",
  "llama3-rope-scaling",
  "qwen2-gqa",
  "qwen3-gqa",
] as const;
