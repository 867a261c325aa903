import type { ConfigReader } from "./config.js";
import type { Tensor } from "../tensor.js";

/** Rotary positions: one angular frequency a pair of dimensions, and a factor on cosine and sine. */
export interface Rotary {
  /** [headSize / 2], radians a position, float32 values. */
  readonly frequencies: readonly number[];
  /** YaRN's attention factor; 1 elsewhere. */
  readonly factor: number;
}

/** There is one frequency for every two dimensions of a head; public models have up to 512. */
const largestHead = 65_536;

const types = ["default", "linear", "dynamic", "llama3", "yarn"] as const;

/**
 * Reads a config's rotary positions, in the form of transformers 5 (`rope_parameters`) or 4 (`rope_scaling` beside
 * `rope_theta`).
 *
 * Arithmetic is rounded to float32 where PyTorch's is, since an error in a frequency grows with the position.
 * `dynamic` changes nothing up to `max_position_embeddings`, and longer inputs are refused elsewhere.
 *
 * @throws {ModelError} `config-field-unsupported` naming the field: another type, or a key of another type.
 * @see Su et al. 2021 (arXiv 2104.09864); Peng et al. 2023 (YaRN, arXiv 2309.00071); Llama 3.1's scaling as in
 *   Hugging Face transformers
 */
export function readRotary(config: ConfigReader, headSize: number, maximumPositions: number): Rotary {
  if (headSize % 2 !== 0)
    throw config.refusal("head_dim", "an even number, since dimensions rotate in pairs");
  if (headSize > largestHead) throw config.refusal("head_dim", `heads of at most ${largestHead} dimensions`);
  const theta = config.positive("rope_theta", 10_000);
  config.require("partial_rotary_factor", 1);
  config.require("rope_interleaved", false);
  const read = (field: string): Rotary | undefined => {
    const parameters = config.object(field);
    // An empty object says nothing, as in transformers.
    if (parameters === undefined || parameters.isEmpty) return undefined;
    const own = parameters.positive("rope_theta", theta);
    const rotary = readParameters(parameters, own, headSize, maximumPositions);
    parameters.refuseUnread(new Set());
    return rotary;
  };
  const [current, older] = [read("rope_parameters"), read("rope_scaling")];
  if (current !== undefined && older !== undefined && JSON.stringify(current) !== JSON.stringify(older)) {
    throw config.refusal("rope_scaling", "what rope_parameters says, or only one of them");
  }
  return current ?? older ?? { frequencies: frequencies(theta, headSize), factor: 1 };
}

function readParameters(parameters: ConfigReader, theta: number, headSize: number, maximum: number): Rotary {
  const plain = frequencies(theta, headSize);
  parameters.require("partial_rotary_factor", 1);
  const named = parameters.has("rope_type") ? "rope_type" : "type";
  const type = parameters.choice(named, types, "default");
  parameters.choice("type", [type], type);
  switch (type) {
    case "default":
      ignoreOriginalLength(parameters);
      return { frequencies: plain, factor: 1 };
    case "linear": {
      const factor = parameters.positive("factor");
      ignoreOriginalLength(parameters);
      return { frequencies: plain.map((frequency) => Math.fround(frequency / factor)), factor: 1 };
    }
    case "dynamic":
      parameters.positive("factor");
      return { frequencies: plain, factor: 1 };
    case "llama3":
      return { frequencies: llama3(parameters, plain, maximum), factor: 1 };
    case "yarn":
      return yarn(parameters, theta, headSize, maximum);
  }
}

/** Read by other types alone; some tools write it for all. */
function ignoreOriginalLength(parameters: ConfigReader): void {
  parameters.size("original_max_position_embeddings", 1, 1);
}

/** theta^(-2i / size) for each pair i. */
function frequencies(theta: number, headSize: number): number[] {
  return wavelengths(theta, headSize).map((wavelength) => Math.fround(1 / wavelength));
}

/** theta^(2i / size): positions a radian. */
function wavelengths(theta: number, headSize: number): number[] {
  return Array.from({ length: headSize / 2 }, (_, pair) =>
    Math.fround(Math.fround(theta) ** Math.fround((2 * pair) / headSize)),
  );
}

/** The context before it was extended; where the field is absent, what the model has, as in transformers 5. */
function originalLength(parameters: ConfigReader, maximum: number): number {
  const field = "original_max_position_embeddings";
  return parameters.size(field, 1, parameters.lacks(field) ? maximum : undefined);
}

/** Low frequencies are divided by the factor, high ones kept, those between blended. */
function llama3(parameters: ConfigReader, plain: readonly number[], maximum: number): number[] {
  const factor = parameters.positive("factor");
  const low = parameters.positive("low_freq_factor");
  const high = parameters.positive("high_freq_factor");
  const original = originalLength(parameters, maximum);
  if (high <= low) throw parameters.refusal("high_freq_factor", `more than low_freq_factor ${low}`);
  const { fround } = Math;
  return plain.map((frequency) => {
    const turns = fround(original / fround((2 * Math.PI) / frequency));
    if (turns > high) return frequency;
    if (turns < low) return fround(frequency / factor);
    const share = fround(fround(turns - low) / (high - low));
    return fround(fround(fround((1 - share) * frequency) / factor) + fround(share * frequency));
  });
}

/** Dimensions that turn often in the original context keep their frequency, those that hardly turn are divided. */
function yarn(parameters: ConfigReader, theta: number, headSize: number, maximum: number): Rotary {
  const original = originalLength(parameters, maximum);
  const factor = parameters.positive("factor", maximum / original);
  const truncate = parameters.flag("truncate", true);
  const bound = (turns: number): number =>
    (headSize * Math.log(original / (turns * 2 * Math.PI))) / (2 * Math.log(theta));
  const fast = bound(parameters.positive("beta_fast", 32));
  const slow = bound(parameters.positive("beta_slow", 1));
  const low = Math.max(truncate ? Math.floor(fast) : fast, 0);
  const top = Math.min(truncate ? Math.ceil(slow) : slow, headSize - 1);
  const width = top === low ? 0.001 : top - low;
  const { fround } = Math;
  const blended = wavelengths(theta, headSize).map((wavelength, pair) => {
    const kept = fround(1 - Math.min(Math.max(fround(fround(pair - low) / width), 0), 1));
    const divided = fround(1 / fround(factor * wavelength));
    return fround(fround(divided * fround(1 - kept)) + fround(fround(1 / wavelength) * kept));
  });
  return { frequencies: blended, factor: yarnAttentionFactor(parameters, factor) };
}

function yarnAttentionFactor(parameters: ConfigReader, factor: number): number {
  const scale = (weight: number): number => (factor <= 1 ? 1 : 0.1 * weight * Math.log(factor) + 1);
  const both = parameters.has("mscale") && parameters.has("mscale_all_dim");
  const numerator = both ? parameters.positive("mscale") : 1;
  const denominator = both ? scale(parameters.positive("mscale_all_dim")) : 1;
  return parameters.positive("attention_factor", scale(numerator) / denominator);
}

/** Cosines and sines of some positions: `rotary_cosine` and `rotary_sine`, [positions, headSize / 2]. */
export function rotaryTables(
  { frequencies: list, factor }: Rotary,
  positions: Int32Array,
): { rotary_cosine: Tensor<Float32Array>; rotary_sine: Tensor<Float32Array> } {
  const dims = [positions.length, list.length];
  const cosine = new Float32Array(positions.length * list.length);
  const sine = new Float32Array(positions.length * list.length);
  positions.forEach((position, row) => {
    list.forEach((frequency, pair) => {
      const angle = Math.fround(position * frequency);
      cosine[row * list.length + pair] = Math.fround(Math.cos(angle)) * factor;
      sine[row * list.length + pair] = Math.fround(Math.sin(angle)) * factor;
    });
  });
  return { rotary_cosine: { data: cosine, dims }, rotary_sine: { data: sine, dims } };
}
