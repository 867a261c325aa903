import * as z from "zod";
import { partsOf, read, refused, typedComponent, unsupported } from "./read.js";

/** The ids that stand before and after one text. */
export interface Frame {
  readonly prefix: readonly number[];
  readonly suffix: readonly number[];
}
type Settings = Readonly<Record<string, unknown>>;
type Maker = (settings: Settings, at: string, depth: number) => Frame | undefined;

const id = z.int().nonnegative();
const pairSchema = z.looseObject({ cls: z.tuple([z.string(), id]), sep: z.tuple([z.string(), id]) });
const templateSchema = z.looseObject({
  single: z.array(
    z.union([
      z.strictObject({ SpecialToken: z.looseObject({ id: z.string() }) }),
      z.strictObject({ Sequence: z.looseObject({ id: z.literal("A") }) }),
    ]),
  ),
  special_tokens: z.record(z.string(), z.looseObject({ ids: z.array(id) })).default({}),
});

const pair: Maker = (settings, at) => {
  const { cls, sep } = read(pairSchema, settings, at);
  return { prefix: [cls[1]], suffix: [sep[1]] };
};

const makers: Readonly<Record<string, Maker>> = {
  BertProcessing: pair,
  ByteLevel: () => undefined,
  RobertaProcessing: pair,
  Sequence: (settings, at, depth) => {
    const frames = partsOf(settings["processors"], `${at}.processors`).flatMap((part, index) => {
      return frameOf(part, `${at}.processors.${index}`, depth + 1) ?? [];
    });
    if (frames.length > 1) throw refused(at, "two of its parts put tokens around a text");
    return frames[0];
  },
  TemplateProcessing: (settings, at) => {
    const { single, special_tokens: special } = read(templateSchema, settings, at);
    const places = single.flatMap((piece, index) => ("Sequence" in piece ? [index] : []));
    const [middle] = places;
    if (middle === undefined || places.length > 1) throw refused(`${at}.single`, "it does not hold one text");
    const idsOf = (part: typeof single): readonly number[] =>
      part.flatMap((piece) => {
        const name = "SpecialToken" in piece ? piece.SpecialToken.id : "";
        const found = Object.hasOwn(special, name) ? special[name] : undefined;
        if (found === undefined)
          throw refused(`${at}.special_tokens`, "a token of the template is not in it");
        return found.ids;
      });
    return { prefix: idsOf(single.slice(0, middle)), suffix: idsOf(single.slice(middle + 1)) };
  },
};

/**
 * What the post-processor puts around one text; undefined where it puts nothing.
 *
 * @throws {TaskError} code `invalid-tokenizer`.
 */
export function frameOf(value: unknown, at = "post_processor", depth = 0): Frame | undefined {
  if (value === null || value === undefined) return undefined;
  const settings = typedComponent(value, at, depth);
  const type = settings["type"];
  const make = typeof type === "string" && Object.hasOwn(makers, type) ? makers[type] : undefined;
  if (make === undefined) throw unsupported(at, type, Object.keys(makers));
  return make(settings, at, depth);
}
