import type { RandomAccessFile } from "../files.js";
import { bytesPerElement, isStoredDtype, storedDtypes } from "./dtype.js";
import type { StoredDtype } from "./dtype.js";
import { CheckpointError } from "./errors.js";
import { excerpt, isJsonObject, parseJsonObject } from "./json.js";
import { refuseBadLayout } from "./layout.js";
import { checkpointLimits } from "./limits.js";
import type { TensorInfo } from "./tensor-info.js";

export type { TensorInfo } from "./tensor-info.js";

/** What the header of one safetensors file says, checked. */
export interface SafetensorsHeader {
  /** In the order of their data. */
  readonly tensors: readonly TensorInfo[];
  readonly metadata: ReadonlyMap<string, string>;
  /** First byte after the header. */
  readonly dataStart: number;
}

/** Bytes of the length field that opens a file. */
const lengthBytes = 8;

/** The one name in a header that is no tensor. */
const metadataName = "__metadata__";

/**
 * Reads and checks the header of a safetensors file; no tensor data is read.
 *
 * Guarantees: every tensor's range lies in the file, ranges touch without overlap or hole and end with the
 * file, and each is exactly as long as its shape and dtype say. Costs at most `checkpointLimits.headerBytes`.
 *
 * @param fileName - the file's name in its folder, kept in each `TensorInfo`.
 * @throws {CheckpointError} one code for each way the file can be bad; the message names file, tensor, byte.
 * @see https://huggingface.co/docs/safetensors (format)
 */
export async function readSafetensorsHeader(
  file: RandomAccessFile,
  fileName: string,
): Promise<SafetensorsHeader> {
  const headerLength = await readHeaderLength(file);
  const dataStart = lengthBytes + headerLength;
  const bytes = await file.read(lengthBytes, headerLength);
  if (bytes[0] !== 0x7b) {
    throw new CheckpointError("not-json", {
      message: `The header of ${file.name} does not begin with "{" at byte ${lengthBytes}.`,
      value: bytes[0],
      expected: "a safetensors file",
    });
  }
  const header = parseJsonObject(bytes, `The header of ${file.name}`);
  // Only own entries are looked at, so a tensor may be called anything, `__proto__` too.
  const entries = Object.entries(header).filter(([name]) => name !== metadataName);
  const tensors = readEntries(entries, file, fileName, dataStart);
  refuseBadLayout(tensors, file, dataStart);
  return { tensors, metadata: readMetadata(header[metadataName], file.name), dataStart };
}

async function readHeaderLength(file: RandomAccessFile): Promise<number> {
  if (file.size < lengthBytes) {
    throw new CheckpointError("truncated", {
      message: `${file.name} ends at byte ${file.size}, inside the 8 bytes of the header's length.`,
      value: file.size,
      next: "Download or write the file again.",
    });
  }
  const field = await file.read(0, lengthBytes);
  const length = new DataView(field.buffer, field.byteOffset, lengthBytes).getBigUint64(0, true);
  if (length > BigInt(checkpointLimits.headerBytes)) {
    throw new CheckpointError("header-too-large", {
      message: `${file.name} claims a header of ${length} bytes.`,
      value: length,
      expected: `at most ${checkpointLimits.headerBytes}`,
      next: "It is damaged, or not a safetensors file.",
    });
  }
  if (lengthBytes + Number(length) > file.size) {
    throw new CheckpointError("truncated", {
      message: `${file.name} ends at byte ${file.size}, inside its header, which goes on to byte ${lengthBytes + Number(length)}.`,
      value: file.size,
      next: "Download or write the file again.",
    });
  }
  return Number(length);
}

function readMetadata(value: unknown, file: string): ReadonlyMap<string, string> {
  // The reference implementation takes null for none.
  if (value === undefined || value === null) return new Map();
  const entries = isJsonObject(value) ? Object.entries(value) : undefined;
  const pairs = entries?.filter((entry): entry is [string, string] => typeof entry[1] === "string");
  if (pairs === undefined || pairs.length !== entries?.length) {
    throw new CheckpointError("bad-metadata", {
      message: `__metadata__ of ${file} is not a map from strings to strings.`,
      expected: 'for example {"format":"pt"}',
    });
  }
  return new Map(pairs);
}

function readEntries(
  entries: [string, unknown][],
  file: RandomAccessFile,
  fileName: string,
  dataStart: number,
): TensorInfo[] {
  if (entries.length > checkpointLimits.tensorsPerFile) {
    throw new CheckpointError("too-many-tensors", {
      message: `${file.name} lists ${entries.length} tensors.`,
      value: entries.length,
      expected: `at most ${checkpointLimits.tensorsPerFile}`,
    });
  }
  const tensors = entries.map(([name, value]) => {
    const where = describe(name, file.name);
    return { ...readEntry(value, where, dataStart), name: checkedName(name, file.name), file: fileName };
  });
  return tensors.sort((a, b) => a.offset - b.offset || a.bytes - b.bytes);
}

function describe(name: string, file: string): string {
  return `tensor ${JSON.stringify(name.slice(0, 200))} of ${file}`;
}

function checkedName(name: string, file: string): string {
  const bytes = new TextEncoder().encode(name).length;
  if (bytes > 0 && bytes <= checkpointLimits.nameBytes) return name;
  throw new CheckpointError("bad-name", {
    message: `The header of ${file} has a tensor name of ${bytes} bytes, beginning ${JSON.stringify(name.slice(0, 60))}.`,
    value: bytes,
    expected: `1 to ${checkpointLimits.nameBytes} bytes`,
  });
}

const entryKeys = ["dtype", "shape", "data_offsets"];

function readEntry(value: unknown, where: string, dataStart: number): Omit<TensorInfo, "name" | "file"> {
  if (
    !isJsonObject(value) ||
    Object.keys(value).length !== 3 ||
    !entryKeys.every((key) => Object.hasOwn(value, key))
  ) {
    throw new CheckpointError("bad-entry", {
      message: `The entry of ${where} is malformed.`,
      expected: "an object with exactly dtype, shape and data_offsets",
    });
  }
  const dtype = readDtype(value["dtype"], where);
  const shape = readShape(value["shape"], where);
  const [begin, end] = readOffsets(value["data_offsets"], where);
  const elements = shape.reduce((product, size) => product * size, 1);
  const bytes = elements * bytesPerElement(dtype);
  if (bytes !== end - begin) {
    throw new CheckpointError("size-mismatch", {
      message: `The data of ${where} is ${end - begin} bytes (${dataStart + begin} to ${dataStart + end}), but ${dtype} of shape [${shape.join()}] is ${bytes}.`,
      value: end - begin,
      expected: `${bytes} bytes`,
    });
  }
  return { dtype, shape, elements, bytes, offset: dataStart + begin };
}

function readDtype(value: unknown, where: string): StoredDtype {
  if (isStoredDtype(value)) return value;
  throw new CheckpointError("unknown-dtype", {
    message: `The dtype of ${where} is ${excerpt(value)}.`,
    value,
    expected: `one of ${storedDtypes.join(", ")}`,
  });
}

function readShape(value: unknown, where: string): number[] {
  if (Array.isArray(value) && value.length <= checkpointLimits.dimensions && value.every(isCount))
    return value;
  throw new CheckpointError("bad-shape", {
    message: `The shape of ${where} is ${excerpt(value)}.`,
    value,
    expected: `at most ${checkpointLimits.dimensions} dimensions, each a whole number from 0 to 2^53 - 1`,
  });
}

function readOffsets(value: unknown, where: string): [number, number] {
  if (Array.isArray(value) && value.length === 2) {
    const [begin, end] = value as [unknown, unknown];
    if (isCount(begin) && isCount(end) && begin <= end) return [begin, end];
  }
  throw new CheckpointError("bad-offsets", {
    message: `The data_offsets of ${where} are ${excerpt(value)}.`,
    value,
    expected: "[begin, end], whole numbers with 0 <= begin <= end",
  });
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
