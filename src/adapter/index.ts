export { mergedWeights, type ValuesOf } from "./merge.js";
export { type PeftFolder, writePeftFolder } from "./peft-folder.js";
export { adapterSeed, startingValues } from "./start.js";
