import type { ExampleText } from "./example.js";
import type { EncodedPrompt } from "./prompt-encoder.js";

/**
 * A prompt with tokens after it that are asked for: each is predicted at the position before its own.
 *
 * @param tokens one or more
 */
export function withTokens(prompt: EncodedPrompt, tokens: readonly number[]): ExampleText {
  const inputIds = Int32Array.from([...prompt.inputIds, ...tokens]);
  return {
    prompt: {
      inputIds,
      tokenTypeIds: new Int32Array(inputIds.length),
      maskPosition: prompt.maskPosition,
      readPositions: tokens.map((_, index) => prompt.maskPosition + index),
    },
    targets: Int32Array.from(tokens),
  };
}

/** The tokens of the prompt by itself. */
export function promptTokens({ prompt }: ExampleText): Int32Array {
  return prompt.inputIds.slice(0, prompt.maskPosition + 1);
}
