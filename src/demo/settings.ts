import type { TaskConfig, TrainConfigInput } from "../plan/config.js";

/** What the demo runs with; chosen in `docs/experiments/`. */
export const demoSettings: TrainConfigInput & Pick<TaskConfig, "maximumTokens"> = {
  method: "dp-zoso",
  epsilon: 4,
  delta: 1e-5,
  maximumTokens: 64,
};
