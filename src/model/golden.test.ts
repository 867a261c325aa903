import { readdirSync, readFileSync } from "node:fs";

import { goldenDecoders, goldenEncoders } from "../../test/support/golden-models.js";
import { describe, expect, test } from "vitest";

import { hasShared, sharedPath } from "../../test/support/shared.js";
import { openCheckpoint } from "../checkpoint/index.js";
import { nodeFolderReader } from "../node/folder.js";
import { nodeRuntime } from "../node/onnxruntime.js";
import { compareWithGolden, parseGolden } from "../runtime/golden.js";
import { StageRunner } from "../runtime/stage-runner.js";
import { loadModel } from "./load.js";

const folders = [...goldenEncoders, ...goldenDecoders];

const runner = new StageRunner(nodeRuntime());

describe("logits agree with the references to 1e-4", () => {
  for (const name of folders) {
    test.skipIf(!hasShared(`golden/models/${name}`))(
      `${name} (needs ../shared/golden/models/${name})`,
      async () => {
        const folder = sharedPath(`golden/models/${name}`);
        const checkpoint = await openCheckpoint(nodeFolderReader(folder));
        const model = await loadModel(checkpoint);
        await checkpoint.close();
        const golden = parseGolden(readFileSync(`${folder}/golden.json`, "utf8"));
        const { maxAbsDiff, compared } = await compareWithGolden(runner, model, golden);
        expect(compared).toBeGreaterThan(1000);
        expect(maxAbsDiff).toBeLessThan(1e-4);
      },
    );
  }
});

/** Folders of `../shared/cases` with their logits: what a checkpoint may hold without meaning another model. */
const cases: readonly (readonly [folder: string, golden: string])[] = [
  ["xlm-roberta-by-name/xlm-roberta", "xlm-roberta-by-name/xlm-roberta.json"],
  ["xlm-roberta-by-name/camembert", "xlm-roberta-by-name/camembert.json"],
  ["decoder-bias-untied/differ", "decoder-bias-untied/golden.json"],
  ["config-harmless-fields/unsloth", "config-harmless-fields/golden.json"],
  ["config-harmless-fields/padneg", "config-harmless-fields/golden.json"],
  ["config-harmless-fields/galore", "config-harmless-fields/golden.json"],
  ["index-total-size/model", "index-total-size/golden.json"],
  ["index-total-size/nullmeta", "index-total-size/golden.json"],
];
for (const [name, file] of cases) {
  test.skipIf(!hasShared(`cases/${name}`))(
    `${name}: the logits agree to 1e-4 (needs ../shared/cases/${name})`,
    async () => {
      const checkpoint = await openCheckpoint(nodeFolderReader(sharedPath(`cases/${name}`)));
      const model = await loadModel(checkpoint);
      await checkpoint.close();
      const golden = parseGolden(readFileSync(sharedPath(`cases/${file}`), "utf8"));
      expect((await compareWithGolden(runner, model, golden)).maxAbsDiff).toBeLessThan(1e-4);
    },
  );
}

test.skipIf(!hasShared("golden/models"))("no folder of references is left out", () => {
  expect(readdirSync(sharedPath("golden/models")).sort()).toEqual([...folders].sort());
});

for (const name of ["bert-gelu-new-bf16", "roberta-sharded-f16"]) {
  test.skipIf(!hasShared(`golden/models/${name}`))(
    `${name} with its weights kept in 16 bits: the same logits, bit for bit (needs ../shared/golden/models/${name})`,
    async () => {
      const folder = sharedPath(`golden/models/${name}`);
      const checkpoint = await openCheckpoint(nodeFolderReader(folder));
      const golden = parseGolden(readFileSync(`${folder}/golden.json`, "utf8"));
      const differences: number[] = [];
      for (const wideLimit of [0, 2 ** 30]) {
        const model = await loadModel(checkpoint, { wideLimit });
        differences.push((await compareWithGolden(runner, model, golden)).maxAbsDiff);
      }
      await checkpoint.close();
      expect(differences[0]).toBe(differences[1]);
    },
  );
}
