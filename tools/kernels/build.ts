/**
 * Compiles kernels/ to WebAssembly and embeds it in src/directions/kernel.generated.ts.
 *
 * Run `npx tsx tools/kernels/build.ts` after a change in kernels/; a test of src/directions fails until it is done.
 */
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import asc from "assemblyscript/asc";

const root = fileURLToPath(new URL("../..", import.meta.url));
const outputFile = "src/directions/kernel.generated.ts";

/**
 * One memory page, 64 KiB, fixed: the buffers of kernels/layout.ts, and from `--memoryBase` on the constants.
 * No relaxed SIMD: it rounds differently per machine.
 */
const options = [
  ...[
    "--optimizeLevel",
    "3",
    "--shrinkLevel",
    "0",
    "--converge",
    "--noAssert",
    "--uncheckedBehavior",
    "always",
  ],
  ...["--runtime", "stub", "--use", "abort=", "--enable", "simd", "--disable", "mutable-globals"],
  ...["--memoryBase", "49408", "--initialMemory", "1", "--maximumMemory", "1"],
];

/** The bytes of the WebAssembly module that kernels/ compiles to. */
export async function compileKernels(): Promise<Uint8Array> {
  let binary: Uint8Array | undefined;
  const { error } = await asc.main(
    ["kernels/index.ts", "--baseDir", root, "--outFile", "kernels.wasm", ...options],
    {
      stderr: process.stderr,
      writeFile: (name, contents) => {
        if (name.endsWith(".wasm") && typeof contents !== "string") binary = contents;
      },
    },
  );
  if (error !== null) throw error;
  if (binary === undefined) throw new Error("asc wrote no WebAssembly.");
  return binary;
}

/** The text of the generated module. */
export function generatedModule(binary: Uint8Array): string {
  const base64 = Buffer.from(binary).toString("base64");
  return [
    "// Generated from kernels/ by `npx tsx tools/kernels/build.ts`; do not edit.",
    "",
    "/** The compiled kernels (WebAssembly with SIMD), as base64. */",
    `export const kernelBase64: string =`,
    `  "${base64}";`,
    "",
  ].join("\n");
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const binary = await compileKernels();
  writeFileSync(new URL(`../../${outputFile}`, import.meta.url), generatedModule(binary));
  console.log(`${outputFile}: ${binary.length} bytes of WebAssembly`);
}
