import { build, type Metafile } from "esbuild";

import { repositoryPath } from "./shared.js";

/** An entry in one file, and what esbuild says of it. */
export interface Bundle {
  readonly code: Uint8Array;
  readonly metafile: Metafile;
}

/** The core entry for browsers, minified, as one module. */
export function coreBundle(): Promise<Bundle> {
  return bundle("src/index.ts", { minify: true });
}

/** The work that a page does with the core entry; it gets the entry handed in, and holds nothing of it. */
export function workBundle(): Promise<Bundle> {
  return bundle("test/support/core-entry-work.ts", {});
}

/** One module for browsers from an entry of the repository. */
export async function bundle(entry: string, { minify = false }): Promise<Bundle> {
  const { outputFiles, metafile } = await build({
    absWorkingDir: repositoryPath(""),
    entryPoints: [entry],
    bundle: true,
    minify,
    format: "esm",
    platform: "browser",
    target: "es2022",
    metafile: true,
    logLevel: "silent",
    write: false,
  });
  const [file] = outputFiles;
  if (file === undefined) throw new Error(`${entry} was bundled to nothing.`);
  return { code: file.contents, metafile };
}

/** Modules that a bundle still asks its host for: names, which a browser cannot resolve. */
export function hostModules({ metafile }: Bundle): readonly string[] {
  const imports = [...Object.values(metafile.inputs), ...Object.values(metafile.outputs)];
  const outside = imports.flatMap((file) => file.imports.filter(({ external }) => external === true));
  return [...new Set(outside.map(({ path }) => path))].sort();
}
