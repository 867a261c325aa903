import { join } from "node:path";

import * as z from "zod";

import { checkMeaning } from "../../checkpoint/index.js";
import { exportOnnx } from "../../export/index.js";
import { nodeFolderWriter } from "../../node/index.js";
import { UsageError } from "../errors.js";
import { modelInputs, refuseOverlap } from "../overlap.js";
import { addSchemaOptions, resolveSettings } from "../options.js";
import { baseCommand, type CommandFactory, outputFor, settingsOf, withFolder } from "./shared.js";

const exportSchema = z.strictObject({
  model: z.string().describe("checkpoint folder, fine-tuned or base"),
  out: z.string().describe("folder to write to"),
});

/** `dpzo export`: writes a checkpoint in a form that other software loads. */
export const exportCommand: CommandFactory = () => {
  const command = baseCommand("export", "Write a checkpoint as an ONNX folder for transformers.js.");
  addSchemaOptions(command, exportSchema);
  command.option("--onnx", "write ONNX (required; the only form so far)");
  return command.action(async (flags: Record<string, unknown>) => {
    if (flags["onnx"] !== true) throw noForm();
    const settings = settingsOf({ ...flags, onnx: undefined });
    const { model, out } = resolveSettings(exportSchema, settings);
    await refuseOverlap(modelInputs("--model", model), {
      files: [],
      folders: [
        { name: "--out", path: out },
        { name: "the onnx folder of --out", path: join(out, "onnx") },
      ],
    });
    const output = outputFor(flags);
    const folder = { out: nodeFolderWriter(out), onnx: nodeFolderWriter(join(out, "onnx")) };
    const written = await withFolder(model, async (checkpoint) => {
      for (const words of await checkMeaning(checkpoint)) output.say(`remark: ${words}`);
      return exportOnnx(checkpoint, folder);
    });
    output.answer({ out, ...written }, () => [
      `wrote ${out}: ${written.architecture}, ${(written.weightBytes / 1e6).toFixed(1)} MB of float32 weights in ` +
        `onnx/${written.external ? "model.onnx_data" : "model.onnx"}`,
    ]);
  });
};

function noForm(): UsageError {
  return new UsageError("usage", {
    message: "dpzo export was not told which form to write.",
    expected: "--onnx",
  });
}
