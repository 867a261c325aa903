/** What one folder of `src` is for, and what it may import. */
export interface Room {
  readonly purpose: string;
  /** Rooms it takes values (and types) from. */
  readonly imports: readonly string[];
  /** Rooms it takes types from and nothing else. */
  readonly types?: readonly string[];
  /** Packages, and `node` for Node's own modules. */
  readonly packages?: readonly string[];
  /** It takes nothing from the files beside the rooms either. */
  readonly alone?: true;
}

/** Files beside the rooms that every room may import; they import each other and no room. */
export const sharedFiles: readonly string[] = [
  "errors.ts",
  "files.ts",
  "shown.ts",
  "tensor.ts",
  "unit-text.ts",
];

/** Files besides `index.ts` that other rooms may import: entries of the package. */
export const sideDoors: readonly string[] = ["accounting/interchange.ts", "accounting/planner.ts"];

const hashes = "@noble/hashes";
const onnx = ["@bufbuild/protobuf", "onnx-buf"];

/** The one table of what may be imported; docs/architecture.md shows it, and `faults` keeps it. */
export const rooms: Readonly<Record<string, Room>> = {
  accounting: {
    purpose: "events, privacy loss distributions with an upper and a lower bound, calibration",
    imports: [],
    alone: true,
  },
  theory: {
    purpose: "the papers' closed forms, each beside the accountant's answer",
    imports: ["accounting"],
    alone: true,
  },
  sampling: {
    purpose: "the operating system's random bytes, exactly uniform integers, Poisson samples",
    imports: [],
  },
  mechanism: {
    purpose: "the wall: clip, lattice, exact sums, exact discrete Gaussian, `Release`",
    imports: ["sampling"],
  },
  directions: {
    purpose:
      "seeded directions: ChaCha8, Box-Muller in float32, SIMD kernel and JavaScript twin; perturb, update",
    imports: [],
    packages: [hashes],
  },
  masks: {
    purpose:
      "which weights move: scores without data, exact selection, strategies; SynFlow on the linear network",
    imports: [],
    types: ["directions", "model"],
    packages: [hashes],
  },
  schedule: {
    purpose: "methods as lists of stages",
    imports: [],
    types: ["masks"],
  },
  plan: {
    purpose: "from a configuration to the one plan of a run, and to its privacy event",
    imports: ["accounting", "sampling", "mechanism", "masks", "schedule", "model"],
    types: ["ledger"],
    packages: [hashes, "zod"],
  },
  ledger: {
    purpose: "the format, append with write-ahead, recovery, hash chain, marks",
    imports: ["schedule"],
    packages: [hashes],
  },
  checkpoint: {
    purpose: "safetensors and Hugging Face folders, digest",
    imports: [],
    packages: [hashes],
  },
  model: {
    purpose:
      "ONNX graph builder, encoders and decoders as lists of model stages, which tensors a selection means",
    imports: ["checkpoint"],
    packages: [...onnx, "zod"],
  },
  runtime: {
    purpose: "sessions, and running a model stage on an inference runtime; greedy decoding; reference logits",
    imports: ["model"],
    packages: ["zod"],
  },
  tasks: {
    purpose: "tokenizer, template, what may be answered, losses, metrics",
    imports: ["runtime"],
    packages: ["zod"],
  },
  data: {
    purpose: "JSONL, CSV and TSV as records; errors name the line and nothing of it",
    imports: [],
    packages: ["csv-parse"],
  },
  measure: {
    purpose:
      "the private side: frozen prefix, walkers and workers, differences; self-test; public predictions",
    imports: ["directions", "masks", "model", "runtime", "tasks"],
  },
  verify: {
    purpose: "a ledger from its bytes: chain, plan, epsilon, guarantee in words",
    imports: ["accounting", "schedule", "plan", "ledger"],
  },
  adapter: {
    purpose: "adapters' first values, merging, the PEFT folder",
    imports: ["checkpoint", "model"],
    types: ["directions"],
    packages: [hashes],
  },
  replay: {
    purpose: "`applyStep`, the only place where weights change; the fine-tuned folder",
    imports: ["directions", "masks", "plan", "checkpoint", "model", "verify", "adapter"],
    types: ["schedule", "ledger"],
    packages: [hashes],
  },
  export: {
    purpose: "the stages joined to one ONNX graph, in the folder that transformers.js loads",
    imports: ["model"],
    types: ["checkpoint"],
    packages: [...onnx],
  },
  train: {
    purpose: "the loop",
    imports: [
      "sampling",
      "mechanism",
      "directions",
      "schedule",
      "plan",
      "ledger",
      "checkpoint",
      "model",
      "runtime",
      "tasks",
      "measure",
      "verify",
      "adapter",
      "replay",
    ],
    types: ["masks"],
    packages: [hashes],
  },
  compare: {
    purpose: "grids of variants, seeds and settings; published numbers beside; one page",
    imports: [
      "sampling",
      "directions",
      "schedule",
      "plan",
      "ledger",
      "model",
      "tasks",
      "measure",
      "replay",
      "train",
      "report",
    ],
    packages: ["zod"],
  },
  report: {
    purpose: "one HTML page, from public values",
    imports: ["plan", "replay"],
    types: ["schedule", "ledger"],
  },
  node: {
    purpose: "adapters: files, ledger file, lock, marks, SHA-256, ONNX Runtime",
    imports: ["ledger", "checkpoint", "model", "runtime", "measure"],
    packages: ["node", "onnxruntime-node"],
  },
  cli: {
    purpose: "commands, flags, words, exit codes",
    imports: [
      "accounting",
      "sampling",
      "directions",
      "masks",
      "schedule",
      "plan",
      "ledger",
      "checkpoint",
      "model",
      "runtime",
      "tasks",
      "data",
      "measure",
      "verify",
      "replay",
      "export",
      "train",
      "compare",
      "report",
      "node",
    ],
    packages: [hashes, "commander", "node", "yaml", "zod"],
  },
  demo: {
    purpose: "the mails, and the demo's settings",
    imports: ["plan", "tasks", "cli"],
    packages: ["node"],
  },
};
