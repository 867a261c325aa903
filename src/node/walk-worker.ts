import { parentPort } from "node:worker_threads";

import { serveWalks } from "../measure/serve-walks.js";
import { nodeRuntime } from "./onnxruntime.js";

// A request that cannot be read would be waited for.
parentPort?.on("messageerror", () => process.exit(1));

/** The entry of a worker thread that `nodeWorkers` starts. */
serveWalks(
  {
    post: (message) => parentPort?.postMessage(message),
    onMessage: (listen) => {
      parentPort?.on("message", listen);
    },
  },
  nodeRuntime({ threads: 1 }),
);
