import { readFileSync } from "node:fs";
import { afterEach, expect, test, vi } from "vitest";
import { compileKernels, generatedModule } from "../../tools/kernels/build.js";
import { createDirectionEngine } from "./engine.js";
import { kernelBase64 } from "./kernel.generated.js";
import { chunkValues, workspaceBytes } from "./workspace.js";

afterEach(() => {
  vi.unstubAllGlobals();
});

test("building kernels/ again gives the committed bytes", async () => {
  const committed = readFileSync(new URL("kernel.generated.ts", import.meta.url), "utf8");
  expect(generatedModule(await compileKernels())).toBe(committed);
});

test("the module imports nothing, and is below the 4 KiB up to which every browser compiles at once", () => {
  const bytes = Buffer.from(kernelBase64, "base64");
  expect(bytes.length).toBeLessThan(4096);
  expect(WebAssembly.Module.imports(new WebAssembly.Module(bytes))).toEqual([]);
});

test("both twins lay the workspace out alike, and leave the constants alone", () => {
  const layout = readFileSync(new URL("../../kernels/layout.ts", import.meta.url), "utf8");
  expect(layout.match(/\+ 8192;/g)).toHaveLength(5);
  expect(chunkValues * 4).toBe(8192);
  // The module's constants follow from byte 49,408 on.
  expect(workspaceBytes).toBeLessThanOrEqual(49_408);
  const source = readFileSync(new URL("../../tools/kernels/build.ts", import.meta.url), "utf8");
  expect(source).toContain('"--memoryBase", "49408"');
});

test("without WebAssembly the JavaScript twin takes over", () => {
  vi.stubGlobal("WebAssembly", undefined);
  expect(createDirectionEngine({ prefer: "wasm-simd" }).name).toBe("javascript");
});

test("where compiling is forbidden, or there is no SIMD, the JavaScript twin takes over", async () => {
  vi.resetModules();
  vi.stubGlobal("WebAssembly", {
    Module: function refuse(): never {
      throw new Error("refused by the content security policy");
    },
  });
  const fresh = await import("./engine.js");
  expect(fresh.createDirectionEngine().name).toBe("javascript");
});
