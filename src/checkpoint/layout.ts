import type { RandomAccessFile } from "../files.js";
import { CheckpointError } from "./errors.js";
import type { TensorInfo } from "./tensor-info.js";

/**
 * Checks that the tensors, sorted by where they begin, cover the data of the file exactly.
 *
 * A hole could hide bytes, an overlap makes one tensor change with another, and a file that ends early or
 * late was cut or added to: each is refused under its own code.
 */
export function refuseBadLayout(
  tensors: readonly TensorInfo[],
  file: RandomAccessFile,
  dataStart: number,
): void {
  let covered = dataStart;
  let previous: TensorInfo | undefined;
  for (const tensor of tensors) {
    if (tensor.offset < covered) throw overlap(tensor, previous, covered, file.name);
    if (tensor.offset > covered) throw hole(tensor, covered, file.name);
    covered = tensor.offset + tensor.bytes;
    if (covered > file.size) throw truncated(tensor, covered, file);
    previous = tensor;
  }
  if (covered < file.size) throw trailing(covered, file);
}

function quote(tensor: TensorInfo): string {
  return JSON.stringify(tensor.name);
}

function overlap(tensor: TensorInfo, previous: TensorInfo | undefined, covered: number, file: string): Error {
  const other = previous === undefined ? "another" : quote(previous);
  return new CheckpointError("overlap", {
    message: `Tensor ${quote(tensor)} of ${file} begins at byte ${tensor.offset}, inside tensor ${other}, which ends at byte ${covered}.`,
    value: tensor.offset,
    expected: "data that do not overlap",
  });
}

function hole(tensor: TensorInfo, covered: number, file: string): Error {
  return new CheckpointError("hole", {
    message: `Bytes ${covered} to ${tensor.offset} of ${file}, before tensor ${quote(tensor)}, belong to no tensor.`,
    value: covered,
    expected: "data without holes",
  });
}

function truncated(tensor: TensorInfo, end: number, file: RandomAccessFile): Error {
  return new CheckpointError("truncated", {
    message: `${file.name} ends at byte ${file.size}, but tensor ${quote(tensor)} goes on to byte ${end}.`,
    value: file.size,
    next: "Download or write the file again.",
  });
}

function trailing(covered: number, file: RandomAccessFile): Error {
  return new CheckpointError("trailing-bytes", {
    message: `${file.name} has ${file.size - covered} bytes after its last tensor, from byte ${covered}.`,
    value: covered,
    expected: "a file that ends with its last tensor",
  });
}
