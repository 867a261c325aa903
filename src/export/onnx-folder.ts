import type { Checkpoint } from "../checkpoint/index.js";
import { type FolderWriter, oneChunk, textChunk } from "../files.js";
import {
  checkTensors,
  describeModel,
  type ModelDescription,
  ModelError,
  readPrefix,
} from "../model/index.js";
import {
  largestMessage,
  modelWithoutWeights,
  modelWithWeights,
  weightBytes,
  weightFile,
  type WeightSource,
} from "./model-file.js";
import { wholeGraph } from "./whole-graph.js";

/** Where the export goes. */
export interface OnnxFolder {
  /** The folder itself: config, tokenizer, model card, ledger. */
  readonly out: FolderWriter;
  /** Its sub-folder `onnx`. */
  readonly onnx: FolderWriter;
}

/** Settings of an export. */
export interface OnnxOptions {
  /** Bytes of weights above which they lie in a file of their own; just under 2 GiB, protobuf's limit, if left out. */
  readonly inlineLimit?: number;
}

/** What was written. */
export interface OnnxExport {
  readonly architecture: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** Bytes of the weights, in float32. */
  readonly weightBytes: number;
  /** Whether the weights lie beside the graph, in `onnx/model.onnx_data`. */
  readonly external: boolean;
}

/** Room for nodes and names beside the weights in one protobuf message. */
const graphRoom = 2 ** 24;

/**
 * Writes a checkpoint as the folder that transformers.js loads: `config.json`, the tokenizer's and other side files,
 * and `onnx/model.onnx`, one float32 graph of the whole model.
 *
 * Guarantees:
 * - The graph is the one that training and evaluation run, stage by stage, joined.
 * - Model card and ledger come along: a guarantee is not lost on the way.
 * - Memory stays near one tensor; `config.json` is written last, so a folder cut short does not open.
 *
 * @throws {ModelError} as `loadModel`; `adapter-unsupported` for a checkpoint with a prefix.
 * @example
 * await exportOnnx(checkpoint, { out: nodeFolderWriter("web"), onnx: nodeFolderWriter("web/onnx") });
 */
export async function exportOnnx(
  checkpoint: Checkpoint,
  { out, onnx }: OnnxFolder,
  { inlineLimit = largestMessage - graphRoom }: OnnxOptions = {},
): Promise<OnnxExport> {
  const description = describeModel(checkpoint.config, new Set(checkpoint.tensors.keys()));
  checkTensors(checkpoint, description);
  if ((await readPrefix(checkpoint, description)) !== undefined) throw withPrefix(checkpoint);
  const source: WeightSource = {
    shape: (name) => description.tensors.get(name) ?? [],
    read: (name) => checkpoint.read(name),
  };
  const whole = wholeGraph(description);
  const bytes = weightBytes(whole, source);
  const external = bytes > inlineLimit;
  if (external) {
    await onnx.write("model.onnx_data", weightFile(whole, source));
    await onnx.write("model.onnx", oneChunk(modelWithoutWeights(whole, source, "model.onnx_data")));
  } else {
    await onnx.write("model.onnx", modelWithWeights(whole, source));
  }
  await writeSideFiles(checkpoint, out);
  const config = exportedConfig(checkpoint.config, description, external);
  await out.write("config.json", textChunk(`${JSON.stringify(config, null, 2)}\n`));
  return {
    architecture: description.architecture,
    inputs: whole.graph.input.map(({ name }) => name),
    outputs: whole.graph.output.map(({ name }) => name),
    weightBytes: bytes,
    external,
  };
}

function withPrefix({ name }: Checkpoint): ModelError {
  return new ModelError("adapter-unsupported", {
    message: `${name} has a prefix in its adapter folder, which the exported graph would leave out.`,
    value: name,
    expected: "a checkpoint without a prefix",
    next: "Evaluate it with dpzo or PEFT; LoRA can be exported, as it is merged.",
  });
}

/** The same weights in another form: card and ledger still speak of them. */
async function writeSideFiles(checkpoint: Checkpoint, out: FolderWriter): Promise<void> {
  for (const name of (await checkpoint.sideFiles()).keys()) {
    if (name !== "config.json") await out.write(name, checkpoint.readSideFile(name));
  }
  const ledger = await checkpoint.sideFile("ledger.jsonl");
  if (ledger !== undefined) await out.write("ledger.jsonl", oneChunk(ledger));
}

/**
 * The config with what transformers.js must be told: that the weights are float32 (in browsers it looks for 8-bit ones
 * otherwise), whether they lie in a file of their own, and the size of the cache where a config leaves it to defaults.
 */
function exportedConfig(
  config: Readonly<Record<string, unknown>>,
  { decoding, architecture }: ModelDescription,
  external: boolean,
): Record<string, unknown> {
  const isLlama = decoding !== undefined && !["gpt2", "opt"].includes(architecture);
  return {
    ...config,
    ...(isLlama && { num_key_value_heads: decoding.keyValueHeads, head_dim: decoding.headSize }),
    "transformers.js_config": { dtype: "fp32", ...(external && { use_external_data_format: true }) },
  };
}
