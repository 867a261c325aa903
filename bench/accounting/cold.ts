/** Bundled and started once for each measurement: one query in a fresh process. Prints the call's answer and time. */
import { answer } from "./ours.js";
import { queries } from "./queries.js";

console.log(JSON.stringify(answer(queries[Number(process.argv[2])]!)));
