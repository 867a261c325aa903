import { TaskError } from "./errors.js";
import {
  contentOf,
  type AddedToken,
  type TokenizerComponent,
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
const roles = Object.keys(usualNames) as readonly Role[];

/** Finds the special tokens in the tokenizer's own files; nothing is assumed from the model's name. */
export function resolveSpecialTokens(
  definition: TokenizerDefinition,
  settings: TokenizerSettings,
  idOf: (content: string) => number | undefined,
): SpecialTokens {
  const named = new Map(definition.added_tokens.map((token) => [token.content, token]));
  const find = (role: Role): AddedToken | undefined => {
    const names = [contentOf(settings[`${role}_token`]), ...usualNames[role]];
    return names.flatMap((name) => (name === undefined ? [] : (tokenNamed(name, named, idOf) ?? [])))[0];
  };
  const byRole = new Map(roles.map((role) => [role, find(role)]));
  const all = [...byRole.values(), ...named.values()].filter(
    (token) => token !== undefined && (token.special || [...byRole.values()].includes(token)),
  );
  const frame = framing(definition.post_processor, idOf);
  return {
    prefix: frame?.prefix ?? listed(byRole.get("cls") ?? byRole.get("bos")),
    suffix: frame?.suffix ?? listed(byRole.get("sep") ?? byRole.get("eos")),
    begin: frame?.prefix ?? [],
    end: byRole.get("eos")?.id,
    pad: byRole.get("pad")?.id,
    mask: maskToken(byRole.get("mask")),
    unknown: byRole.get("unk")?.id ?? idOf(definition.model.unk_token ?? ""),
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
  return id === undefined ? undefined : { id, content, special: true, lstrip: false, rstrip: false };
}

function maskToken(token: AddedToken | undefined): MaskToken | undefined {
  return token && { id: token.id, content: token.content, takesSpaceBefore: token.lstrip };
}

function listed(token: AddedToken | undefined): readonly number[] {
  return token === undefined ? [] : [token.id];
}

interface Frame {
  readonly prefix: readonly number[];
  readonly suffix: readonly number[];
}

/** What the post-processor puts around one text. */
function framing(
  component: TokenizerComponent | null | undefined,
  idOf: (content: string) => number | undefined,
): Frame | undefined {
  if (component === null || component === undefined) return undefined;
  switch (component.type) {
    case "BertProcessing":
    case "RobertaProcessing":
      return { prefix: pairedId(component["cls"]), suffix: pairedId(component["sep"]) };
    case "TemplateProcessing":
      return templateFrame(component["single"], idOf);
    case "Sequence":
      return (component["processors"] as readonly TokenizerComponent[])
        .map((part) => framing(part, idOf))
        .find((frame) => frame !== undefined);
    default:
      return undefined;
  }
}

/** `["[CLS]", 101]` */
function pairedId(value: unknown): readonly number[] {
  return Array.isArray(value) && typeof value[1] === "number" ? [value[1]] : [];
}

function templateFrame(single: unknown, idOf: (content: string) => number | undefined): Frame | undefined {
  if (!Array.isArray(single)) return undefined;
  const pieces = single as readonly { SpecialToken?: { id: string }; Sequence?: unknown }[];
  const middle = pieces.findIndex((piece) => piece.Sequence !== undefined);
  const ids = (part: typeof pieces): readonly number[] =>
    part.flatMap((piece) => idOf(piece.SpecialToken?.id ?? "") ?? []);
  return { prefix: ids(pieces.slice(0, middle)), suffix: ids(pieces.slice(middle + 1)) };
}
