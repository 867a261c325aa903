import { createDirectionEngine, type DirectionEngine } from "../directions/index.js";
import type { StageRunner } from "../runtime/stage-runner.js";
import { LocalWalker, type Walker, type WalkSetting } from "./walker.js";
import { workersOf } from "./worker-pool.js";

/** The walker of a setting: on the runtime's workers where it has any, else in this thread. Both give the same bits. */
export function openWalker(
  setting: WalkSetting,
  runner: StageRunner,
  engine: DirectionEngine = createDirectionEngine(),
): Walker {
  const pool = workersOf(runner.runtime);
  return pool === undefined ? new LocalWalker(setting, runner, engine) : pool.open(setting);
}
