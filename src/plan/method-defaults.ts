/** Every method there is a preset for. */
export const methods = ["dp-zoso", "dp-zopo", "dp-aggzo", "dpzero", "dp-zo", "mezo"] as const;

/** A method's name, as `--method` takes it. */
export type Method = (typeof methods)[number];

/** The numbers whose default is the method's own. */
export interface MethodDefaults {
  readonly directions: number;
  readonly stages: number;
  readonly learningRate: number;
  readonly clip: number;
}

const staged = { directions: 64, stages: 3, learningRate: 0.15, clip: 40 };

/**
 * Those of `dp-zoso` did best on dev sets (`docs/experiments/`). The others are starting points: the same learning
 * rate times clip where the method has it, and nothing was tuned.
 */
export const methodDefaults: Readonly<Record<Method, MethodDefaults>> = {
  "dp-zoso": staged,
  "dp-zopo": staged,
  "dp-aggzo": { ...staged, stages: 1 },
  dpzero: { directions: 1, stages: 1, learningRate: 0.15, clip: 10 },
  "dp-zo": { directions: 1, stages: 1, learningRate: 0.15, clip: 10 },
  mezo: { directions: 1, stages: 1, learningRate: 0.01, clip: 1 },
};

/** A default for people: the value most methods have, and the exceptions. */
export function byMethod(key: keyof MethodDefaults): string {
  const groups = new Map<number, Method[]>();
  for (const method of methods) {
    const value = methodDefaults[method][key];
    groups.set(value, [...(groups.get(value) ?? []), method]);
  }
  return [...groups].map(([value, names]) => `${value} (${names.join(", ")})`).join(", ");
}
