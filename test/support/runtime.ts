import { nodeRuntime } from "../../src/node/index.js";
import type { InferenceRuntime } from "../../src/runtime/runtime.js";

/**
 * The runtime of tests that do not care for the number of cores: one, in this thread, unless DPZO_THREADS says another
 * number. So the suite can be run with any: no bit may depend on it.
 */
export function testRuntime(): InferenceRuntime {
  return nodeRuntime({ threads: Number(process.env["DPZO_THREADS"] ?? 1) });
}
