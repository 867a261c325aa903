import { create, toBinary } from "@bufbuild/protobuf";
import {
  AttributeProto_AttributeType,
  AttributeProtoSchema,
  type AttributeProto,
  GraphProtoSchema,
  ModelProtoSchema,
  NodeProtoSchema,
  type NodeProto,
  OperatorSetIdProtoSchema,
  TensorProto_DataType,
  TensorProtoSchema,
  type TensorProto,
  TensorShapeProto_DimensionSchema,
  TensorShapeProtoSchema,
  TypeProto_TensorSchema,
  TypeProtoSchema,
  ValueInfoProtoSchema,
  type ValueInfoProto,
} from "onnx-buf";

/** ONNX operator set: 20 is the first with Gelu as a standard operator. */
export const operatorSet = 20n;
/** The IR version that goes with operator set 20. */
export const irVersion = 9n;

/** The name of a value in the graph; made only by {@link GraphBuilder}. */
export type Value = string & { readonly brand: "value" };

/** A dimension: a fixed size, or the name of one that is known at run time only. */
export type Dimension = number | string;

interface Pieces {
  readonly 2: readonly [Value, Value];
  readonly 3: readonly [Value, Value, Value];
}

type Attribute = number | string | readonly number[] | { readonly float: number };

/**
 * Builds an ONNX graph, node by node, in which every weight is a plain input.
 *
 * Guarantees: no initializer shares a name with an input (ONNX Runtime would silently ignore what is fed for
 * it); constants are the small shape and scalar tensors given to {@link integers} and {@link scalar}.
 *
 * @example
 * const graph = new GraphBuilder("double");
 * const x = graph.input("x", ["rows", 4]);
 * graph.output("y", graph.op("Add", [x, x]), ["rows", 4]);
 * const bytes = graph.build();
 */
export class GraphBuilder {
  readonly #name: string;
  readonly #nodes: NodeProto[] = [];
  readonly #inputs: ValueInfoProto[] = [];
  readonly #outputs: ValueInfoProto[] = [];
  readonly #constants: TensorProto[] = [];
  #counter = 0;

  constructor(name: string) {
    this.#name = name;
  }

  /** Declares a float32 input: an activation or a weight. */
  input(name: string, dims: readonly Dimension[]): Value {
    this.#inputs.push(valueInfo(name, TensorProto_DataType.FLOAT, dims));
    return name as Value;
  }

  /** Declares an int32 input: token ids, positions, row indices. */
  indices(name: string, dims: readonly Dimension[]): Value {
    this.#inputs.push(valueInfo(name, TensorProto_DataType.INT32, dims));
    return name as Value;
  }

  /** Declares an int64 input, as Hugging Face's models take ids and masks. */
  longs(name: string, dims: readonly Dimension[]): Value {
    this.#inputs.push(valueInfo(name, TensorProto_DataType.INT64, dims));
    return name as Value;
  }

  /** A small one-dimensional int64 constant, as shapes and axes are. */
  integers(values: readonly number[]): Value {
    return this.#constant({
      dims: [BigInt(values.length)],
      dataType: TensorProto_DataType.INT64,
      int64Data: values.map(BigInt),
    });
  }

  /** A float32 scalar constant. */
  scalar(value: number): Value {
    return this.#constant({ dims: [], dataType: TensorProto_DataType.FLOAT, floatData: [value] });
  }

  /** A small one-dimensional float32 constant. */
  floats(values: readonly number[]): Value {
    return this.#constant({
      dims: [BigInt(values.length)],
      dataType: TensorProto_DataType.FLOAT,
      floatData: [...values],
    });
  }

  /** Adds one node and returns its first output. */
  op(
    operator: string,
    inputs: readonly Value[],
    attributes: Readonly<Record<string, Attribute>> = {},
  ): Value {
    const output = this.#fresh(operator);
    this.#nodes.push(
      create(NodeProtoSchema, {
        opType: operator,
        name: output,
        input: [...inputs],
        output: [output],
        attribute: Object.entries(attributes).map(([name, value]) => attribute(name, value)),
      }),
    );
    return output;
  }

  /** Splits into `parts` equal pieces along an axis. */
  split<Parts extends 2 | 3>(value: Value, parts: Parts, axis: number): Pieces[Parts] {
    const outputs = Array.from({ length: parts }, () => this.#fresh("Split"));
    this.#nodes.push(
      create(NodeProtoSchema, {
        opType: "Split",
        name: outputs.join("_"),
        input: [value],
        output: outputs,
        attribute: [attribute("axis", axis), attribute("num_outputs", parts)],
      }),
    );
    return outputs as unknown as Pieces[Parts];
  }

  /** Makes `value`, float32 or int32, an output of the graph under `name`. */
  output(name: string, value: Value, dims: readonly Dimension[], type: "float" | "index" = "float"): void {
    this.#nodes.push(create(NodeProtoSchema, { opType: "Identity", name, input: [value], output: [name] }));
    const elements = type === "float" ? TensorProto_DataType.FLOAT : TensorProto_DataType.INT32;
    this.#outputs.push(valueInfo(name, elements, dims));
  }

  /** The serialised ONNX model. */
  build(): Uint8Array {
    const graph = create(GraphProtoSchema, {
      name: this.#name,
      node: this.#nodes,
      input: this.#inputs,
      output: this.#outputs,
      initializer: this.#constants,
    });
    const opsets = [create(OperatorSetIdProtoSchema, { domain: "", version: operatorSet })];
    const model = create(ModelProtoSchema, { irVersion, producerName: "dpzo", opsetImport: opsets, graph });
    return toBinary(ModelProtoSchema, model);
  }

  #constant(tensor: { dims: bigint[]; dataType: number; int64Data?: bigint[]; floatData?: number[] }): Value {
    const name = this.#fresh("constant");
    this.#constants.push(create(TensorProtoSchema, { name, ...tensor }));
    return name;
  }

  #fresh(kind: string): Value {
    this.#counter += 1;
    return `${kind}_${this.#counter}` as Value;
  }
}

function valueInfo(name: string, elemType: number, dims: readonly Dimension[]): ValueInfoProto {
  const dim = dims.map((size) =>
    create(TensorShapeProto_DimensionSchema, {
      value:
        typeof size === "number"
          ? { case: "dimValue", value: BigInt(size) }
          : { case: "dimParam", value: size },
    }),
  );
  const shape = create(TensorShapeProtoSchema, { dim });
  const tensor = create(TypeProto_TensorSchema, { elemType, shape });
  const type = create(TypeProtoSchema, { value: { case: "tensorType", value: tensor } });
  return create(ValueInfoProtoSchema, { name, type });
}

function attribute(name: string, value: Attribute): AttributeProto {
  if (typeof value === "number") {
    return create(AttributeProtoSchema, { name, type: AttributeProto_AttributeType.INT, i: BigInt(value) });
  }
  if (typeof value === "string") {
    const s = new TextEncoder().encode(value);
    return create(AttributeProtoSchema, { name, type: AttributeProto_AttributeType.STRING, s });
  }
  if ("float" in value) {
    return create(AttributeProtoSchema, { name, type: AttributeProto_AttributeType.FLOAT, f: value.float });
  }
  return create(AttributeProtoSchema, {
    name,
    type: AttributeProto_AttributeType.INTS,
    ints: value.map(BigInt),
  });
}
