#!/usr/bin/env bash
# executionMode "parallel" in onnxruntime-node costs twice the processor time and saves none.
#
# Versions: onnxruntime-node 1.30.0, onnx-proto 8.0.1 (npm), Node 20.20, Linux x64, 2 cores.
# Guess: in a graph of two independent branches, with one thread inside an operator (intraOpNumThreads 1) and
#   interOpNumThreads 2, the branches run side by side: the time halves, the processor time stays.
# Behaviour: the time stays, and the processor time doubles: one thread works, and the other waits by spinning, also with
#   session.inter_op.allow_spinning "0". (That branches are not overlapped since 1.14: microsoft/onnxruntime#16158.)
# Seen: sequential 66.0 ms, 84.6 ms of processor time; parallel 67.0 ms, 165.3 ms (least of 30 runs; mean).
# What dpzo does: cores are used by worker threads, each with sessions of one thread.
# Needs a machine with two idle cores.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
echo '{"type":"module"}' > package.json
ONNXRUNTIME_NODE_INSTALL=skip npm install --silent --no-fund --no-audit onnxruntime-node@1.30.0 onnx-proto@8.0.1
cat > run.js <<'JS'
import * as ort from "onnxruntime-node";
import proto from "onnx-proto";

const { onnx } = proto;
const [rows, width, layers] = [512, 768, 8];
const dims = (list) => ({ shape: { dim: list.map((dimValue) => ({ dimValue })) } });
const value = (name, list) => ({ name, type: { tensorType: { elemType: 1, ...dims(list) } } });
const node = [];
for (const branch of ["a", "b"]) {
  for (let layer = 0; layer < layers; layer += 1) {
    node.push({ opType: "MatMul", input: [`${branch}${layer}`, "w"], output: [`${branch}${layer + 1}`] });
  }
}
const graph = {
  name: "two branches",
  node,
  input: [value("a0", [rows, width]), value("b0", [rows, width]), value("w", [width, width])],
  output: [value(`a${layers}`, [rows, width]), value(`b${layers}`, [rows, width])],
};
const model = onnx.ModelProto.encode(
  onnx.ModelProto.fromObject({ irVersion: 8, opsetImport: [{ domain: "", version: 17 }], graph }),
).finish();
const tensor = (list) =>
  new ort.Tensor("float32", Float32Array.from({ length: list[0] * list[1] }, (_, i) => Math.sin(i) / 30), list);
const feeds = { a0: tensor([rows, width]), b0: tensor([rows, width]), w: tensor([width, width]) };

async function measure(options) {
  const session = await ort.InferenceSession.create(model, { ...options, intraOpNumThreads: 1, logSeverityLevel: 4 });
  for (let warm = 0; warm < 5; warm += 1) await session.run(feeds);
  const times = [];
  const before = process.cpuUsage();
  for (let round = 0; round < 30; round += 1) {
    const start = performance.now();
    await session.run(feeds);
    times.push(performance.now() - start);
  }
  const { user } = process.cpuUsage(before);
  return { wall: Math.min(...times), processor: user / 1000 / times.length };
}

const quiet = { extra: { session: { inter_op: { allow_spinning: "0" }, intra_op: { allow_spinning: "0" } } } };
const one = await measure({ executionMode: "sequential", ...quiet });
const two = await measure({ executionMode: "parallel", interOpNumThreads: 2, ...quiet });
console.log("sequential", one);
console.log("parallel  ", two);
if (!(two.wall > 0.75 * one.wall && two.processor > 1.5 * one.processor)) process.exit(1);
JS
node run.js
