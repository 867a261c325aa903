import { create, toBinary } from "@bufbuild/protobuf";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import {
  GraphProtoSchema,
  ModelProtoSchema,
  OperatorSetIdProtoSchema,
  StringStringEntryProtoSchema,
  TensorProto_DataLocation,
  TensorProto_DataType,
  TensorProtoSchema,
} from "onnx-buf";

import { concatBytes } from "../files.js";
import { irVersion, operatorSet } from "../model/index.js";
import type { WholeGraph } from "./whole-graph.js";

/** The largest message that every protobuf implementation reads, in bytes. */
export const largestMessage = 2 ** 31 - 1;

/** Offsets in a file of weights are multiples of this, so that a runtime can map it into memory. */
const alignment = 4096;

/** Field numbers of onnx.proto. */
const fields = { modelGraph: 7, graphInitializer: 5, tensorRawData: 9 } as const;

/** Where the weights come from. */
export interface WeightSource {
  readonly shape: (name: string) => readonly number[];
  /** Float32 values of one tensor. */
  readonly read: (name: string) => Promise<Float32Array>;
}

interface Initializer {
  readonly name: string;
  readonly bytes: number;
  /** Everything of the message before the values. */
  readonly head: Uint8Array;
}

/** The size in bytes of all weights of a graph in float32. */
export function weightBytes({ weights }: WholeGraph, source: WeightSource): number {
  return weights.reduce((sum, name) => sum + bytesOf(source.shape(name)), 0);
}

/**
 * An ONNX file with the weights inside, piece by piece: memory stays near one tensor.
 *
 * The lengths that protobuf wants before each message are known from the shapes alone.
 */
export async function* modelWithWeights(whole: WholeGraph, source: WeightSource): AsyncGenerator<Uint8Array> {
  const rest = toBinary(GraphProtoSchema, whole.graph);
  const initializers = whole.weights.map((name) => insideInitializer(name, source.shape(name)));
  const length = initializers.reduce((sum, { head, bytes }) => sum + head.length + bytes, rest.length);
  yield concatBytes([modelHead(), prefix(fields.modelGraph, length), rest]);
  for (const { name, head } of initializers) {
    yield head;
    yield bytesOfValues(await source.read(name));
  }
}

/** An ONNX file whose weights lie beside it, in one file `location` written by {@link weightFile}. */
export function modelWithoutWeights(whole: WholeGraph, source: WeightSource, location: string): Uint8Array {
  const places = placesOf(whole, source);
  const initializer = places.map(({ name, offset, bytes }) => {
    const entries = Object.entries({ location, offset: `${offset}`, length: `${bytes}` });
    return create(TensorProtoSchema, {
      name,
      dims: source.shape(name).map(BigInt),
      dataType: TensorProto_DataType.FLOAT,
      dataLocation: TensorProto_DataLocation.EXTERNAL,
      externalData: entries.map(([key, value]) => create(StringStringEntryProtoSchema, { key, value })),
    });
  });
  const graph = create(GraphProtoSchema, {
    ...whole.graph,
    initializer: [...whole.graph.initializer, ...initializer],
  });
  const bytes = toBinary(GraphProtoSchema, graph);
  return concatBytes([modelHead(), prefix(fields.modelGraph, bytes.length), bytes]);
}

/** The file of weights, piece by piece. */
export async function* weightFile(whole: WholeGraph, source: WeightSource): AsyncGenerator<Uint8Array> {
  let at = 0;
  for (const { name, offset, bytes } of placesOf(whole, source)) {
    if (offset > at) yield new Uint8Array(offset - at);
    yield bytesOfValues(await source.read(name));
    at = offset + bytes;
  }
}

function placesOf(
  { weights }: WholeGraph,
  source: WeightSource,
): { name: string; offset: number; bytes: number }[] {
  let end = 0;
  return weights.map((name) => {
    const offset = Math.ceil(end / alignment) * alignment;
    const bytes = bytesOf(source.shape(name));
    end = offset + bytes;
    return { name, offset, bytes };
  });
}

function insideInitializer(name: string, shape: readonly number[]): Initializer {
  const bytes = bytesOf(shape);
  const dims = shape.map(BigInt);
  const about = toBinary(
    TensorProtoSchema,
    create(TensorProtoSchema, { name, dims, dataType: TensorProto_DataType.FLOAT }),
  );
  const raw = prefix(fields.tensorRawData, bytes);
  const length = about.length + raw.length + bytes;
  return { name, bytes, head: concatBytes([prefix(fields.graphInitializer, length), about, raw]) };
}

function modelHead(): Uint8Array {
  const opsetImport = [create(OperatorSetIdProtoSchema, { domain: "", version: operatorSet })];
  return toBinary(
    ModelProtoSchema,
    create(ModelProtoSchema, { irVersion, producerName: "dpzo", opsetImport }),
  );
}

/** Tag and length of a field that is bytes or a message. */
function prefix(field: number, length: number): Uint8Array {
  return new BinaryWriter().tag(field, WireType.LengthDelimited).uint32(length).finish();
}

function bytesOf(shape: readonly number[]): number {
  return 4 * shape.reduce((product, size) => product * size, 1);
}

function bytesOfValues(values: Float32Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}
