export { type MeasureOptions, Measurer } from "./measure.js";
export { rowsRead } from "./micro-batches.js";
export { openWalker } from "./open-walker.js";
export { predict } from "./predict.js";
export { FrozenPrefix } from "./prefix.js";
export { selfTest } from "./self-test.js";
export { serveWalks } from "./serve-walks.js";
export { writeAnswers } from "./write-answers.js";
