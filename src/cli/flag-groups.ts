/** Headings of `--help` in their order, each with the keys of its flags. */
export type FlagGroups = readonly (readonly [heading: string, keys: readonly string[]])[];

/** Flags of the commands that read records for a task: `train`, `plan`, `eval` and `compare`. */
export const taskGroups: FlagGroups = [
  ["Files", ["model", "data", "out", "evalData", "format", "quotes"]],
  [
    "Task",
    [
      ...["task", "template", "labelWords", "options", "answers"],
      ...["text", "pair", "label", "answerTokens", "maximumTokens"],
    ],
  ],
];

/** Flags of `train` and `plan`. */
export const trainGroups: FlagGroups = [
  ...taskGroups,
  ["Privacy", ["epsilon", "delta", "unit", "publicSize"]],
  ["Method and schedule", ["method", "preset", "train", "steps", "batch", "directions", "stages", "seed"]],
  ["Update", ["learningRate", "smoothing", "smoothingEnd", "smoothingUnit", "proximal", "shrinkage"]],
  ["Measurement", ["estimator", "distribution", "clip", "clipMode", "clipQuantile", "clipRate", "noise"]],
  ["Adapters", ["adapter", "loraRank", "loraAlpha", "loraModules", "prefixLength"]],
  [
    "Masks (dp-zopo)",
    [
      ...["maskScore", "maskRatio", "maskStrategy", "maskGranularity"],
      ...["maskFloor", "maskRankWeights", "maskQueries"],
    ],
  ],
  [
    "Stage by stage",
    [
      ...["stageSteps", "stageLearningRate", "stageSmoothing"],
      ...["stageDirections", "stageClip", "stageBatch"],
    ],
  ],
];

/** Flags of `eval`. */
export const evalGroups: FlagGroups = [
  ...taskGroups,
  ["In-context learning", ["shots", "shotsData", "shotsSeed"]],
];

/** Flags of `compare`. */
export const compareGroups: FlagGroups = [
  ["Files", ["model", "data", "dev", "test", "out", "settings", "format", "quotes"]],
  ...taskGroups.slice(1),
  ["Grid", ["methods", "epsilon", "delta", "seeds", "forwardPasses"]],
];

/** Flags of `account`. */
export const accountGroups: FlagGroups = [
  ["What was released", ["ledger", "event"]],
  [
    "Releases by flags",
    [
      ...["mechanism", "noiseMultiplier", "standardDeviation", "sensitivity", "dimensions"],
      ...["samplingRate", "steps", "phase"],
    ],
  ],
  ["Question", ["delta", "accountant", "neighbouring", "group"]],
  ["Curve", ["curve", "svg"]],
];
