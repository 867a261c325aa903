import { create, fromBinary } from "@bufbuild/protobuf";
import {
  type GraphProto,
  GraphProtoSchema,
  ModelProtoSchema,
  NodeProtoSchema,
  type NodeProto,
  type TensorProto,
  TensorProtoSchema,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from "onnx-buf";

import { GraphBuilder, type ModelDescription, type Program, type WeightBinding } from "../model/index.js";

/** A whole model as one graph, in which the weights are named and not yet there. */
export interface WholeGraph {
  /** Nodes, inputs, outputs and small constants; weights are initializers under their names in the checkpoint. */
  readonly graph: GraphProto;
  /** The checkpoint's tensors that the graph reads, each once. */
  readonly weights: readonly string[];
}

/**
 * Joins a model's stages to one graph, from ids and mask to logits [batch, sequence, vocabulary].
 *
 * The nodes are those of the stages that train and predict, under names that start with their stage's. A decoder
 * takes the keys and values of earlier positions as `past_key_values.N.key` and `.value`, and gives those of all
 * positions as `present.N.key` and `.value`, [batch, heads, positions, size].
 */
export function wholeGraph(description: ModelDescription): WholeGraph {
  const parts = new GraphJoin();
  const { feeds, decoding } = description;
  parts.add("feeds", feeds, [], (name) => name);
  const objective = decoding ? "next-token" : "all-logits";
  let layer = 0;
  for (const stage of description.stages({ kind: objective })) {
    const number = layer;
    parts.add(stage.name, stage.program, stage.weights, (name) => cacheName(name, number));
    if (stage.program.activations.includes("past_key")) layer += 1;
  }
  parts.add("logits", logitsProgram(description.vocabularySize), [], (name) => name);
  return parts.finish();
}

/** Names of a layer's cache in transformers and optimum. */
function cacheName(name: string, layer: number): string {
  const found = /^(past|present)_(key|value)$/u.exec(name);
  if (found === null) return name;
  return `${found[1] === "past" ? "past_key_values" : "present"}.${layer}.${found[2]}`;
}

/** [tokens, vocabulary] -> [batch, sequence, vocabulary]. */
function logitsProgram(vocabulary: number): Program {
  return {
    key: `logits/${vocabulary}`,
    build: () => {
      const graph = new GraphBuilder("logits");
      const ids = graph.indices("input_ids", ["batch_size", "sequence_length"]);
      const flat = graph.input("logits", ["tokens", vocabulary]);
      const shape = graph.op("Concat", [graph.op("Shape", [ids]), graph.integers([vocabulary])], { axis: 0 });
      const logits = graph.op("Reshape", [flat, shape]);
      graph.output("shaped", logits, ["batch_size", "sequence_length", vocabulary]);
      return graph.build();
    },
    activations: ["input_ids", "logits"],
    outputs: { shaped: "logits" },
  };
}

/** A graph that grows by one stage at a time. */
class GraphJoin {
  readonly #nodes: NodeProto[] = [];
  readonly #constants: TensorProto[] = [];
  readonly #inputs: ValueInfoProto[] = [];
  readonly #outputs: ValueInfoProto[] = [];
  readonly #weights = new Set<string>();
  readonly #parsed = new Map<string, GraphProto>();
  /** Activation -> the value that holds it now. */
  readonly #values = new Map<string, string>();

  /** @param outside the name of an activation that no stage has given and that is thus an input, or an output */
  add(
    stage: string,
    program: Program,
    weights: readonly WeightBinding[],
    outside: (name: string) => string,
  ): void {
    const graph = this.#parse(program);
    const names = new Map(weights.map(({ input, tensor }) => [input, tensor]));
    for (const { tensor } of weights) this.#weights.add(tensor);
    for (const input of graph.input.filter(({ name }) => program.activations.includes(name))) {
      names.set(input.name, this.#values.get(input.name) ?? this.#input(input, outside(input.name)));
    }
    for (const output of graph.output) names.set(output.name, this.#output(output, outside, stage));
    const rename = (name: string): string => names.get(name) ?? `${stage}/${name}`;
    for (const constant of graph.initializer) {
      this.#constants.push(create(TensorProtoSchema, { ...constant, name: rename(constant.name) }));
    }
    for (const node of graph.node) this.#nodes.push(renamed(node, stage, rename));
    for (const [from, to] of Object.entries(program.outputs)) this.#values.set(to, rename(from));
  }

  /** The graph whose one output besides the cache is `logits`. */
  finish(): WholeGraph {
    const [last] = [...this.#parsed.values()].slice(-1);
    for (const output of last?.output ?? []) {
      this.#outputs.unshift(create(ValueInfoProtoSchema, { ...output, name: "logits" }));
      this.#nodes.push(
        create(NodeProtoSchema, {
          opType: "Identity",
          name: "logits",
          input: [this.#values.get("logits") ?? ""],
          output: ["logits"],
        }),
      );
    }
    const graph = create(GraphProtoSchema, {
      name: "model",
      node: this.#nodes,
      input: this.#inputs,
      output: this.#outputs,
      initializer: this.#constants,
    });
    return { graph, weights: [...this.#weights] };
  }

  #parse(program: Program): GraphProto {
    const graph =
      this.#parsed.get(program.key) ??
      fromBinary(ModelProtoSchema, program.build()).graph ??
      create(GraphProtoSchema);
    this.#parsed.set(program.key, graph);
    return graph;
  }

  #input(input: ValueInfoProto, name: string): string {
    if (!this.#inputs.some((known) => known.name === name)) {
      this.#inputs.push(create(ValueInfoProtoSchema, { ...input, name }));
    }
    return name;
  }

  /** A stage's output stays inside, unless it is one of the cache. */
  #output(output: ValueInfoProto, outside: (name: string) => string, stage: string): string {
    const name = outside(output.name);
    if (name === output.name) return `${stage}/${name}`;
    this.#outputs.push(create(ValueInfoProtoSchema, { ...output, name }));
    return name;
  }
}

function renamed(node: NodeProto, stage: string, rename: (name: string) => string): NodeProto {
  return create(NodeProtoSchema, {
    ...node,
    name: `${stage}/${node.name}`,
    input: node.input.map(rename),
    output: node.output.map(rename),
  });
}
