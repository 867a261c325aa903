import type { ModelStage, WeightBinding } from "../model/description.js";
import { isShared, type StoredTensor, WeightStore } from "../model/weight-store.js";
import { weightSource, type WeightSource } from "../runtime/stage-runner.js";
import type { WalkSetting } from "./walker.js";

/** At least this much is kept of the copies that the runtime is fed from. */
const copyBytes = 64 * 2 ** 20;

/**
 * The tensors that some stages read, moved into memory that workers can read, where updates are seen at once.
 *
 * Tensors that move are float32 from now on. Whoever updates one of 16 bits makes another array of it, and workers would
 * go on with the old values.
 *
 * @param weights whose arrays are replaced by shared ones: ask it again for an array after this
 */
export function shareWeights(
  weights: ReadonlyMap<string, Float32Array>,
  { stages, perturbation }: Pick<WalkSetting, "stages" | "perturbation">,
): ReadonlyMap<string, StoredTensor> {
  const moving = new Set(perturbation?.trained);
  const shared = new Map<string, StoredTensor>();
  for (const { tensor } of stages.flatMap((stage) => stage.weights)) {
    if (shared.has(tensor)) continue;
    const stored = shareOne(weights, tensor, moving.has(tensor));
    if (stored !== undefined) shared.set(tensor, stored);
  }
  return shared;
}

function shareOne(
  weights: ReadonlyMap<string, Float32Array>,
  name: string,
  isMoving: boolean,
): StoredTensor | undefined {
  if (weights instanceof WeightStore && !isMoving) return weights.share(name);
  // Asking for it makes it float32, where it was not.
  const values = weights.get(name);
  if (weights instanceof WeightStore) return weights.share(name);
  if (values === undefined) return undefined;
  const store = new WeightStore(0);
  store.set(name, values);
  const stored = store.share(name);
  if (stored?.dtype === "F32" && weights instanceof Map) weights.set(name, stored.data);
  return stored;
}

/** The weights of a worker, of what another thread shares with it. */
export function sharedStore(
  tensors: ReadonlyMap<string, StoredTensor>,
  setting: Pick<WalkSetting, "stages" | "tensors">,
): WeightStore {
  const store = new WeightStore(largestStageBytes(setting));
  for (const [name, stored] of tensors) {
    if (stored.dtype === "F32") store.set(name, stored.data);
    else store.add(name, stored);
  }
  return store;
}

/** Float32 bytes of the stage with the most weights. */
export function largestStageBytes({ stages, tensors }: Pick<WalkSetting, "stages" | "tensors">): number {
  return 4 * Math.max(0, ...stages.map((stage) => stageElements(stage, tensors)));
}

/** Weights that a stage reads. */
function stageElements({ weights }: ModelStage, tensors: WalkSetting["tensors"]): number {
  return weights.reduce((sum, binding) => sum + elementsOf(binding, tensors), 0);
}

function elementsOf({ tensor, rows }: WeightBinding, tensors: WalkSetting["tensors"]): number {
  const [first = 1, ...others] = tensors.get(tensor) ?? [];
  return others.reduce((product, size) => product * size, rows?.length ?? first);
}

/**
 * A weight source whose arrays the runtime can be fed with, which takes no shared memory.
 *
 * Tensors that do not move are copied once a visit of their stage, or less often where they fit. Those that move are
 * given as they are: they are only read, to be perturbed into other memory.
 *
 * @param bytes most that is held of copies; a stage's are always
 */
export function feedableSource(
  setting: Pick<WalkSetting, "tensors" | "weights" | "stages" | "perturbation">,
  bytes = copyBytes,
): WeightSource {
  const source = weightSource(setting, setting.weights);
  const moving = new Set(setting.perturbation?.trained);
  const copies = new CopyCache(Math.max(bytes, largestStageBytes(setting)));
  return (binding) => {
    const tensor = source(binding);
    if (!isShared(tensor.data) || moving.has(binding.tensor)) return tensor;
    return { data: copies.of(binding.tensor, tensor.data), dims: tensor.dims };
  };
}

/** Copies of arrays by name, the least recently used dropped beyond a bound. */
class CopyCache {
  readonly #bytes: number;
  readonly #copies = new Map<string, Float32Array>();
  #held = 0;

  constructor(bytes: number) {
    this.#bytes = bytes;
  }

  of(name: string, values: Float32Array): Float32Array {
    const known = this.#copies.get(name);
    this.#copies.delete(name);
    const copy = known ?? this.#copy(values);
    this.#copies.set(name, copy);
    return copy;
  }

  #copy(values: Float32Array): Float32Array {
    let room: Float32Array | undefined;
    for (const [name, held] of this.#copies) {
      if (this.#held + values.byteLength <= this.#bytes) break;
      this.#copies.delete(name);
      this.#held -= held.byteLength;
      if (held.length === values.length) room = held;
    }
    this.#held += values.byteLength;
    const copy = room ?? new Float32Array(values.length);
    copy.set(values);
    return copy;
  }
}
