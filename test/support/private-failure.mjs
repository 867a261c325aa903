/**
 * A run of the built library whose runtime fails inside a private forward pass: `private-failure.mjs WHERE BASE DATA OUT`.
 *
 * WHERE says which pass: `prefix` (frozen stages, once a record) or `step`, or `reading` (a tokenizer's own failure). The
 * real runtime is asked for something impossible, as it would be by a wrong graph, so that its own logger has its say, and
 * the error that follows quotes what the record holds.
 */
import { readFileSync } from "node:fs";

import { openCheckpoint } from "../../dist/checkpoint/index.js";
import { tellError } from "../../dist/cli/main.js";
import { memoryFolder } from "../../dist/files.js";
import { MemoryLedgerFile } from "../../dist/ledger/index.js";
import { nodeFolderReader, nodeRuntime } from "../../dist/node/index.js";
import { trainConfigSchema } from "../../dist/plan/config.js";
import { train } from "../../dist/train/train.js";

const [, , where, base, data] = process.argv;
const rows = readFileSync(data, "utf8").trimEnd().split("\n");
const real = nodeRuntime({ threads: 1 });
let failing = false;

const runtime = {
  ...real,
  createSession: async (model) => {
    const session = await real.createSession(model);
    return { ...session, run: (feeds) => (failing ? fail(session, feeds) : session.run(feeds)) };
  },
};

/** Runs with activations of one record less than the others have, which cannot be added up. */
async function fail(session, feeds) {
  const cut = Object.entries(feeds).find(([name]) => name === "token_type_ids" || name === "hidden");
  if (cut !== undefined) {
    const [name, { data: values, dims }] = cut;
    const less = [dims[0], dims[1] - 1];
    await session.run({ ...feeds, [name]: { data: values.slice(0, less[0] * less[1]), dims: less } });
  }
  throw new Error(
    `cannot run on ${rows.join(" ")} ${Object.values(feeds)
      .map((feed) => feed.data)
      .join(" ")}`,
  );
}

async function* records() {
  for (const [index, row] of rows.entries()) {
    if (where === "reading" && index === 20) throw new Error(`cannot read ${row}`);
    yield { ...JSON.parse(row), line: index + 1 };
  }
  failing = where === "prefix";
}

const model = memoryFolder("model");
try {
  await train({
    base: await openCheckpoint(nodeFolderReader(base)),
    runtime,
    task: { template: "{text} it was {mask} .", labelWords: "terrible,great", maximumTokens: 32 },
    config: trainConfigSchema.parse({
      ...{
        epsilon: 100,
        delta: 1e-5,
        steps: 4,
        batch: 20,
        directions: 2,
        stages: 1,
        clip: 4,
        train: ["head"],
      },
    }),
    records: records(),
    files: { ledger: new MemoryLedgerFile(), model, reopen: () => openCheckpoint(model) },
    onEvent: ({ kind }) => {
      if (kind === "step" && where === "step") failing = true;
      process.stdout.write(`${kind}\n`);
    },
  });
  process.exitCode = 0;
} catch (error) {
  tellError(error);
  process.exitCode = 1;
}
