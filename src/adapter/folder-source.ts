import type { ModelDescription } from "../model/index.js";
import type { ValuesOf } from "./merge.js";

/** What a PEFT folder is made from. */
export interface PeftFolder {
  /** With adapters. */
  readonly description: ModelDescription;
  readonly baseName: string;
  /** Tensors of the base that were trained as well; their modules are written whole. */
  readonly trained: readonly string[];
  readonly valuesOf: ValuesOf;
}
