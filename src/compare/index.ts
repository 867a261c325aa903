export { type CellRequest, type CellResult, runCell } from "./cell.js";
export { CompareError, type CompareErrorCode } from "./errors.js";
export { countPasses, type Passes } from "./forward-passes.js";
export { type CellStore, type GridRequest, type GridRow, type GridRunner, runGrid } from "./grid.js";
export { type ComparisonPage, renderComparison } from "./page.js";
export { comparisonTable } from "./table.js";
export { builtInVariants, type Candidate, type Variant, variantsOf } from "./settings.js";
export { Workbench } from "./workbench.js";
