import type { TaskConfig, TrainConfigInput } from "../plan/config.js";

/** What the demo runs with: DP-AggZO's many directions on the weights that a mask keeps; see `docs/experiments/`. */
export const demoSettings: TrainConfigInput & Pick<TaskConfig, "maximumTokens"> = {
  method: "dp-zopo",
  epsilon: 4,
  delta: 1e-5,
  maximumTokens: 128,
  stages: 1,
  steps: 400,
  directions: 64,
  maskScore: "large-magnitude",
  maskRatio: [0.1],
  smoothing: 0.03,
  learningRate: 0.8,
  clip: 20,
};
