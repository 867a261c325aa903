export {
  type AdaptedModule,
  type Adapter,
  adapterInWords,
  type LoraAdapter,
  type LoraLayout,
  type PrefixAdapter,
  type PrefixLayout,
  usualLoraModules,
  withAdapter,
} from "./adapter.js";
export type {
  Decoding,
  ModelDescription,
  ModelStage,
  Objective,
  Program,
  WeightBinding,
} from "./description.js";
export { ModelError, type ModelErrorCode } from "./errors.js";
export { GraphBuilder, irVersion, operatorSet } from "./graph.js";
export { checkTensors, type LoadedModel, loadModel } from "./load.js";
export { joinedPrefix, promptTensor } from "./prefix-values.js";
export { readPrefix } from "./read-prefix.js";
export { architectures, countParameters, describeModel } from "./registry.js";
export { firstTrained, selectTensors } from "./selection.js";
export { batchActivations, type TokenRecord } from "./token-batch.js";
export { isShared, type StoredTensor, valuesForReading, WeightStore } from "./weight-store.js";
