import type { Example } from "../../src/tasks/index.js";
import { seededNumbers } from "./tiny-model.js";

/** A record of random tokens. */
export interface RandomExample {
  readonly seed: number;
  /** Tokens of the prompt. */
  readonly tokens: number;
  readonly vocabulary: number;
  /** The longest text in tokens, options included. */
  readonly longest: number;
  /** Texts to choose from after the prompt; 0 for a prompt that is read at one position. */
  readonly options: number;
}

/** The same record for the same seed. */
export function exampleOf({ seed, tokens, vocabulary, longest, options }: RandomExample): Example {
  const next = seededNumbers(seed);
  const below = (bound: number): number => Math.min(bound - 1, Math.floor(((next() + 1) / 2) * bound));
  const draw = (length: number): number[] => Array.from({ length }, () => 1 + below(vocabulary - 1));
  const label = below(2);
  if (options === 0) {
    const inputIds = Int32Array.from(draw(tokens));
    return {
      texts: [{ prompt: { inputIds, tokenTypeIds: new Int32Array(tokens), maskPosition: below(tokens) } }],
      label,
    };
  }
  const prompt = draw(Math.max(1, Math.min(tokens, longest - 5)));
  const texts = Array.from({ length: options }, (_, option) => {
    const answer = draw(1 + ((option + seed) % 4));
    const inputIds = Int32Array.from([...prompt, ...answer]);
    return {
      prompt: {
        inputIds,
        tokenTypeIds: new Int32Array(inputIds.length),
        maskPosition: prompt.length - 1,
        readPositions: answer.map((__, at) => prompt.length - 1 + at),
      },
      targets: Int32Array.from(answer),
    };
  });
  return { texts, label };
}

/** 0 to `length` - 1 in an order that `next` decides. */
export function permutation(length: number, next: () => number): number[] {
  return Array.from({ length }, (_, value) => ({ value, at: next() }))
    .sort((a, b) => a.at - b.at)
    .map(({ value }) => value);
}
