export { ByteSource, type UniformSource } from "./byte-source.js";
export { SamplingError, type SamplingErrorCode } from "./errors.js";
export { poissonSample } from "./poisson-sample.js";
export { operatingSystemRandom, type RandomBytes } from "./random-bytes.js";
export { checkedSamplingRate, samplingRate, samplingRateGrid, type SamplingRate } from "./sampling-rate.js";
