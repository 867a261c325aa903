import { expect, test } from "vitest";

import { tinyModel } from "../../test/support/tiny-model.js";
import { keystream, tinyConfig } from "../../test/support/tiny-run.js";
import { describeModel } from "../model/registry.js";
import { type TrainConfigInput, trainConfigSchema } from "./config.js";
import { makePlan } from "./make-plan.js";
import type { Plan } from "./plan.js";
import { readPlan } from "./read-plan.js";

const description = describeModel(
  JSON.parse(new TextDecoder().decode(tinyModel().files.get("config.json"))) as Record<string, unknown>,
);

function plan(change: Partial<TrainConfigInput> = {}): Plan {
  return makePlan({
    config: trainConfigSchema.parse({ ...tinyConfig, batch: 40, epsilon: 100, ...change }),
    description,
    baseDigest: "0".repeat(64),
    task: { template: "{text} {mask}", labels: ["0", "1"], labelWords: ["a", "b"], maximumTokens: 32 },
    publicSize: 40,
    random: keystream(5),
  });
}

const adapters = (...layers: number[]): string[] =>
  layers.flatMap((layer) =>
    ["query", "value"].flatMap((stem) =>
      ["A", "B"].map((part) => `bert.encoder.layer.${layer}.attention.self.${stem}.lora_${part}.weight`),
    ),
  );

test("an adapter trains itself unless told otherwise, and the plan says all of it", () => {
  const made = plan({ adapter: "lora" });
  expect(made.format).toBe("dpzo-plan/2");
  expect(made.adapter).toEqual({ kind: "lora", rank: 8, alpha: 16, modules: ["query", "value"], blocks: 2 });
  expect(made.stages.map(({ train, tensors }) => [train, tensors])).toEqual([
    ["adapter", adapters(0, 1)],
    ["adapter", adapters(0, 1)],
  ]);
  expect(readPlan(JSON.parse(JSON.stringify(made)))).toEqual(made);
  const asked = plan({ adapter: "lora", loraRank: 2, loraAlpha: 0.5, loraModules: " down, query,down" });
  expect(asked.adapter).toMatchObject({ rank: 2, alpha: 0.5, modules: ["query", "down"] });
});

test("without an adapter nothing of a plan changes: head, format 1, no key", () => {
  const made = plan();
  expect(made.format).toBe("dpzo-plan/1");
  expect(made).not.toHaveProperty("adapter");
  expect(made.stages.every(({ train }) => train === "head")).toBe(true);
});

test("adapters are on as few of the last blocks as all stages together train", () => {
  const blocks = (...train: string[]): number => {
    const { adapter } = plan({ adapter: "lora", train });
    return adapter?.kind === "lora" ? adapter.blocks : 0;
  };
  expect(blocks("adapter:last:1")).toBe(1);
  expect(blocks("adapter:last:1,head", "adapter")).toBe(2);
  expect(blocks("head", "*.1.*.lora_B.weight")).toBe(1);
});

test("what contradicts an adapter is refused by name", () => {
  const refused = (
    change: Partial<TrainConfigInput>,
    pattern: RegExp,
    code = "contradictory-settings",
  ): void => {
    expect(() => plan(change), JSON.stringify(change)).toThrow(
      expect.objectContaining({ code, message: expect.stringMatching(pattern) as string }) as Error,
    );
  };
  refused({ loraRank: 4 }, /describe LoRA adapters and ask for none/u);
  refused({ loraModules: "query" }, /ask for none/u);
  refused({ adapter: "lora", train: ["head"] }, /no stage trains anything of it/u);
  refused({ adapter: "lora", train: ["adapter,last:1"] }, /Beside an adapter the settings train/u);
  refused({ adapter: "lora", train: ["all"] }, /Beside an adapter/u);
  refused({ adapter: "lora", loraModules: "joint" }, /no linear layer "joint"/u, "unknown-adapter-module");
  refused({ train: ["adapter"] }, /give --adapter/u, "unknown-selection");
  for (const maskScore of ["synflow", "synflow-estimate", "grasp-estimate"] as const) {
    const zopo = { adapter: "lora", method: "dp-zopo", maskScore } as const;
    refused(zopo, /do not know of adapters/u, "no-linear-network");
  }
});
