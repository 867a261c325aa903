import eslint from "@eslint/js";
import tseslint from "typescript-eslint";

/** Folders that may touch Node itself; everything else runs in a browser too (design invariant 8). */
const nodeFolders = ["src/node/**", "src/cli/**", "src/demo/**"];

export default tseslint.config(
  { ignores: ["dist/", "runs/", "node_modules/", "kernels/", "**/*.generated.ts"] },
  eslint.configs.recommended,
  tseslint.configs.strictTypeChecked,
  {
    languageOptions: {
      parserOptions: {
        projectService: { allowDefaultProject: ["eslint.config.js"] },
        tsconfigRootDir: import.meta.dirname,
      },
    },
    rules: {
      "@typescript-eslint/no-floating-promises": "error",
      "@typescript-eslint/restrict-template-expressions": [
        "error",
        { allowNumber: true, allowBoolean: true },
      ],
      "@typescript-eslint/switch-exhaustiveness-check": "error",
      "no-restricted-properties": [
        "error",
        {
          object: "Math",
          property: "random",
          message: "Use the OS CSPRNG (src/sampling) or a keyed direction stream.",
        },
      ],
      "no-restricted-syntax": [
        "error",
        { selector: "ExportDefaultDeclaration", message: "Named exports only." },
        {
          selector: "ImportDeclaration[source.value='zod'] > ImportSpecifier[imported.name='z']",
          message: 'Write import * as z from "zod": a named z takes all of zod along into a bundle.',
        },
      ],
    },
  },
  {
    files: ["src/**/*.ts"],
    ignores: [...nodeFolders, "src/**/*.test.ts"],
    rules: {
      "no-restricted-imports": [
        "error",
        { patterns: [{ group: ["node:*"], message: "Core modules reach Node through src/node adapters." }] },
      ],
      "no-restricted-globals": ["error", "process", "Buffer", "console"],
    },
  },
  {
    files: ["src/accounting/**/*.ts"],
    ignores: ["src/**/*.test.ts"],
    rules: {
      "no-restricted-imports": [
        "error",
        { patterns: [{ group: ["../*", "node:*"], message: "dpzo/accounting has no dependencies." }] },
      ],
    },
  },
  {
    files: ["src/theory/**/*.ts"],
    ignores: ["src/**/*.test.ts"],
    rules: {
      "no-restricted-imports": [
        "error",
        {
          patterns: [
            {
              regex: String.raw`^(?!\./|\.\./accounting/index\.js$)`,
              message: "dpzo/theory depends on dpzo/accounting and nothing else.",
            },
          ],
        },
      ],
    },
  },
  {
    files: ["**/*.test.ts", "bench/**/*.ts", "examples/**/*.ts", "tools/**/*.ts"],
    rules: {
      "@typescript-eslint/no-non-null-assertion": "off",
    },
  },
  {
    files: ["**/*.{js,mjs}", "*.config.ts"],
    extends: [tseslint.configs.disableTypeChecked],
    languageOptions: { globals: { process: "readonly", console: "readonly", Buffer: "readonly" } },
    rules: { "no-restricted-syntax": "off" },
  },
);
