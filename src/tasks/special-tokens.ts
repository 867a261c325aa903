import { TaskError } from "./errors.js";
import { frameOf } from "./tokenizer/post-processor.js";
import {
  contentOf,
  plainToken,
  type AddedToken,
  type TokenizerDefinition,
  type TokenizerSettings,
} from "./tokenizer-files.js";

/** The ids a prompt is framed with, and what a text must never turn into. */
export interface SpecialTokens {
  /** Before the prompt: `[CLS]` or `<s>`. */
  readonly prefix: readonly number[];
  /** After the prompt: `[SEP]` or `</s>`. */
  readonly suffix: readonly number[];
  /** What the post-processor puts before one text: a decoder's prompt begins so. Nothing where it says nothing. */
  readonly begin: readonly number[];
  /** Ends a text: `</s>`, `<|endoftext|>`. */
  readonly end: number | undefined;
  readonly pad: number | undefined;
  readonly mask: MaskToken | undefined;
  readonly unknown: number | undefined;
  /** Every special token by what stands for it in a string. */
  readonly byContent: ReadonlyMap<string, AddedToken>;
}

/** The token whose place the head reads. */
export interface MaskToken {
  readonly id: number;
  readonly content: string;
  /** White space to its left belongs to it (RoBERTa), so that the word in its place carries the space. */
  readonly takesSpaceBefore: boolean;
}

type Role = "cls" | "sep" | "pad" | "mask" | "unk" | "bos" | "eos";

/** What BERT and RoBERTa call them, for folders whose configuration leaves the names out. */
const usualNames: Readonly<Record<Role, readonly string[]>> = {
  cls: ["[CLS]", "<s>"],
  sep: ["[SEP]", "</s>"],
  pad: ["[PAD]", "<pad>"],
  mask: ["[MASK]", "<mask>"],
  unk: ["[UNK]", "<unk>"],
  bos: [],
  eos: [],
};
/** The places a special token can have, as the configuration names them before `_token`. */
export const specialRoles = Object.keys(usualNames) as readonly Role[];

/**
 * Finds the special tokens in the tokenizer's own files; nothing is assumed from the model's name.
 *
 * @param unknown the model's own token for what it does not know
 */
export function resolveSpecialTokens(
  definition: TokenizerDefinition,
  settings: TokenizerSettings,
  idOf: (content: string) => number | undefined,
  unknown: string | undefined,
): SpecialTokens {
  const named = new Map(definition.added_tokens.map((token) => [token.content, token]));
  const find = (role: Role): AddedToken | undefined => {
    const names = [contentOf(settings[`${role}_token`]), ...usualNames[role]];
    return names.flatMap((name) => (name === undefined ? [] : (tokenNamed(name, named, idOf) ?? [])))[0];
  };
  const byRole = new Map(specialRoles.map((role) => [role, find(role)]));
  const all = [...byRole.values(), ...named.values()].filter(
    (token) => token !== undefined && (token.special || [...byRole.values()].includes(token)),
  );
  const frame = frameOf(definition.post_processor);
  return {
    prefix: frame?.prefix ?? listed(byRole.get("cls") ?? byRole.get("bos")),
    suffix: frame?.suffix ?? listed(byRole.get("sep") ?? byRole.get("eos")),
    begin: frame?.prefix ?? [],
    end: byRole.get("eos")?.id,
    pad: byRole.get("pad")?.id,
    mask: maskToken(byRole.get("mask")),
    unknown: byRole.get("unk")?.id ?? idOf(unknown ?? ""),
    byContent: new Map(all.flatMap((token) => (token === undefined ? [] : [[token.content, token]]))),
  };
}

/**
 * The mask token, or a clear refusal.
 *
 * @throws {TaskError} code `missing-special-token` for a tokenizer that has none.
 */
export function requiredMask(special: SpecialTokens): MaskToken {
  if (special.mask !== undefined) return special.mask;
  throw new TaskError("missing-special-token", {
    message: "The tokenizer's files name no mask token, so a prompt with {mask} cannot be made.",
    expected: "mask_token in tokenizer_config.json",
    next: "A decoder's prompt has no mask token; a masked language model (BERT, RoBERTa) must have one.",
  });
}

function tokenNamed(
  content: string,
  named: ReadonlyMap<string, AddedToken>,
  idOf: (content: string) => number | undefined,
): AddedToken | undefined {
  const found = named.get(content);
  if (found !== undefined) return found;
  const id = idOf(content);
  return id === undefined ? undefined : plainToken(id, content);
}

function maskToken(token: AddedToken | undefined): MaskToken | undefined {
  return token && { id: token.id, content: token.content, takesSpaceBefore: token.lstrip };
}

function listed(token: AddedToken | undefined): readonly number[] {
  return token === undefined ? [] : [token.id];
}
