import { createDirectionEngine } from "../directions/index.js";
import { DpzoError } from "../errors.js";
import type { InferenceRuntime, WorkerPort } from "../runtime/runtime.js";
import { StageRunner } from "../runtime/stage-runner.js";
import { feedableSource, sharedStore } from "./shared-weights.js";
import { LocalWalker, type WalkBatch, type Walker, type WalkSetting } from "./walker.js";
import {
  type Numbered,
  type PortableSetting,
  type ReadingsAnswer,
  type ShareOfPass,
  stagesOf,
  type WorkerAnswer,
  type WorkerRequest,
} from "./worker-protocol.js";

/**
 * The worker's side of a {@link WorkerPool}: walks what it is sent, one request after another.
 *
 * @param runtime without workers of its own
 */
export function serveWalks(port: Pick<WorkerPort, "post" | "onMessage">, runtime: InferenceRuntime): void {
  const server = new WalkServer(runtime);
  let last: Promise<void> = Promise.resolve();
  port.onMessage((message) => {
    // The other end is this library's own; what it sends is not parsed again.
    const { job, body } = message as Numbered<WorkerRequest>;
    last = last.then(async () => {
      postOrFail(port, await answerTo(server, job, body));
    });
  });
}

/** An answer that cannot be sent is a failure, and no reason to leave the asker waiting. */
function postOrFail(port: Pick<WorkerPort, "post">, answer: Numbered<WorkerAnswer>): void {
  try {
    port.post(answer);
  } catch {
    const failed: Numbered<WorkerAnswer> = { job: answer.job, body: { kind: "failed" } };
    port.post(failed);
  }
}

async function answerTo(
  server: WalkServer,
  job: number,
  request: WorkerRequest,
): Promise<Numbered<WorkerAnswer>> {
  try {
    return { job, body: await server.answer(request) };
  } catch (error) {
    return { job, body: failureOf(error) };
  }
}

function failureOf(error: unknown): WorkerAnswer {
  if (!(error instanceof DpzoError)) return { kind: "failed" };
  return { kind: "failed", error: { code: String(error.code), message: error.message } };
}

class WalkServer {
  readonly #runner: StageRunner;
  readonly #engine = createDirectionEngine();
  readonly #walks = new Map<number, Walker>();

  constructor(runtime: InferenceRuntime) {
    this.#runner = new StageRunner(runtime);
  }

  async answer(request: WorkerRequest): Promise<WorkerAnswer> {
    switch (request.kind) {
      case "open":
        this.#walks.set(request.walk, this.#open(request.setting));
        return { kind: "done" };
      case "encode":
        return { kind: "encoded", hidden: await this.#walk(request.walk).encode(request.batches) };
      case "readings": {
        const walker = this.#walk(request.walk);
        const readings: ReadingsAnswer[number][] = [];
        for (const share of request.passes) readings.push(await readShare(walker, request.batches, share));
        return { kind: "read", readings };
      }
      case "close":
        this.#walks.delete(request.walk);
        // Sessions are made again in milliseconds, and hold the memory of their largest batch.
        if (this.#walks.size === 0) await this.#runner.release();
        return { kind: "done" };
    }
  }

  #open(sent: PortableSetting): Walker {
    const stages = stagesOf(sent.stages);
    const weights = sharedStore(sent.weights, { stages, tensors: sent.tensors });
    const setting: WalkSetting = { ...sent, stages, weights };
    return new LocalWalker(setting, this.#runner, this.#engine, feedableSource(setting));
  }

  #walk(walk: number): Walker {
    const walker = this.#walks.get(walk);
    if (walker === undefined) throw new RangeError(`no walk ${walk}`);
    return walker;
  }
}

async function readShare(
  walker: Walker,
  batches: readonly WalkBatch[],
  { pass, batches: own }: ShareOfPass,
): Promise<ReadingsAnswer[number]> {
  const walked = own.flatMap((index) => batches[index] ?? []);
  const [sides = []] = await walker.readings(walked, [pass]);
  return sides;
}
