import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, expect, test } from "vitest";

import { modelInputs, modelOutputs, refuseOverlap } from "./overlap.js";

const folder = mkdtempSync(join(tmpdir(), "dpzo-cli-overlap-"));
const at = (...parts: string[]) => join(folder, ...parts);
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

test("the files of a base may be links, as in the Hugging Face cache: what they lead to is not written over", async () => {
  mkdirSync(at("snapshot/adapter"), { recursive: true });
  for (const name of ["weights", "tuned", "free"]) mkdirSync(at(name));
  writeFileSync(at("weights/model.safetensors"), "x");
  writeFileSync(at("tuned/adapter_model.safetensors"), "x");
  writeFileSync(at("snapshot/config.json"), "{}");
  symlinkSync("../weights/model.safetensors", at("snapshot/model.safetensors"));
  symlinkSync("../../tuned/adapter_model.safetensors", at("snapshot/adapter/adapter_model.safetensors"));
  symlinkSync("nowhere", at("snapshot/dangling"));

  const written = (out: string) =>
    refuseOverlap(modelInputs("--model", at("snapshot")), {
      files: [],
      folders: modelOutputs("--out", at(out)),
    });
  await expect(written("weights")).rejects.toThrow(/would overwrite model\.safetensors of --model/u);
  await expect(written("tuned")).rejects.toThrow(
    /would overwrite adapter_model\.safetensors of the adapter of --model/u,
  );
  await expect(written("snapshot/adapter")).rejects.toThrow(/would overwrite the adapter of --model/u);
  await written("free");
});
