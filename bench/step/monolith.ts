import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import {
  GraphProtoSchema,
  ModelProtoSchema,
  type NodeProto,
  TensorProto_DataType,
  TensorProtoSchema,
  type TensorProto,
  type ValueInfoProto,
} from "onnx-buf";

import type { ModelStage } from "../../src/model/description.js";
import type { WeightSource } from "../../src/runtime/stage-runner.js";

/**
 * One ordinary ONNX model of all stages with its weights inside as initializers, as an exporter would write
 * it: what "a plain forward pass of ONNX Runtime" means in the step benchmark.
 */
export function monolith(stages: readonly ModelStage[], weights: WeightSource): Uint8Array {
  const nodes: NodeProto[] = [];
  const initializers: TensorProto[] = [];
  const inputs = new Map<string, ValueInfoProto>();
  const current = new Map<string, string>();
  let outputs: ValueInfoProto[] = [];
  stages.forEach((stage, index) => {
    const graph = fromBinary(ModelProtoSchema, stage.program.build()).graph!;
    const prefix = `s${index}_`;
    const names = new Map<string, string>();
    for (const info of graph.input) {
      const binding = stage.weights.find(({ input }) => input === info.name);
      if (binding !== undefined) {
        const { data, dims } = weights(binding);
        const rawData = new Uint8Array(
          data.buffer.slice(data.byteOffset, data.byteOffset + data.byteLength) as ArrayBuffer,
        );
        const shape = dims.map(BigInt);
        names.set(info.name, prefix + info.name);
        initializers.push(
          create(TensorProtoSchema, {
            name: prefix + info.name,
            dims: shape,
            dataType: TensorProto_DataType.FLOAT,
            rawData,
          }),
        );
      } else {
        const source = current.get(info.name) ?? info.name;
        if (source === info.name) inputs.set(info.name, info);
        names.set(info.name, source);
      }
    }
    const rename = (name: string): string => names.get(name) ?? (name === "" ? "" : prefix + name);
    for (const tensor of graph.initializer) initializers.push({ ...tensor, name: rename(tensor.name) });
    for (const node of graph.node) {
      nodes.push({
        ...node,
        name: prefix + node.name,
        input: node.input.map(rename),
        output: node.output.map(rename),
      });
    }
    for (const [output, activation] of Object.entries(stage.program.outputs)) {
      current.set(activation, prefix + output);
    }
    outputs = graph.output.map((info) => ({ ...info, name: prefix + info.name }));
  });
  const graph = create(GraphProtoSchema, {
    name: "monolith",
    node: nodes,
    initializer: initializers,
    input: [...inputs.values()],
    output: outputs,
  });
  const { irVersion, opsetImport } = fromBinary(ModelProtoSchema, stages[0]!.program.build());
  return toBinary(ModelProtoSchema, create(ModelProtoSchema, { irVersion, opsetImport, graph }));
}
