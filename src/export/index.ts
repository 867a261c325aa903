export { exportOnnx } from "./onnx-folder.js";
export type { OnnxExport, OnnxFolder, OnnxOptions } from "./onnx-folder.js";
