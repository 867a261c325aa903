import type { TaskConfig, TrainConfigInput } from "../plan/config.js";

/** What the demo runs with; chosen in `docs/experiments/`. */
export const demoSettings: TrainConfigInput & Pick<TaskConfig, "maximumTokens"> = {
  method: "dp-zoso",
  epsilon: 4,
  delta: 1e-5,
  maximumTokens: 128,
  steps: 400,
  directions: 64,
  learningRate: 0.3,
  clip: 25,
};
