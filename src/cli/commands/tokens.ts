import * as z from "zod";

import { formatFromName, readRecords } from "../../data/index.js";
import { openNodeFile } from "../../node/index.js";
import { UsageError } from "../errors.js";
import { addSchemaOptions, resolveSettings } from "../options.js";
import { columnsSchema } from "../task-files.js";
import { fileTokenizer, folderTokenizer, type TokenizerSource } from "../tokenizer-source.js";
import { baseCommand, type CommandFactory, outputFor, settingsOf, withFolder } from "./shared.js";

const { text, format } = columnsSchema.shape;
const tokensSchema = z.strictObject({
  model: z.string().optional().describe("checkpoint folder whose tokenizer to use"),
  tokenizer: z.string().optional().describe("a tokenizer.json, instead of a folder"),
  data: z.string().describe("data file: JSONL, CSV or TSV"),
  text,
  format,
});
type TokensSettings = z.infer<typeof tokensSchema>;

/** `dpzo tokens`: shows what a model reads of a file's texts. It shows records, so it is for the eyes of their owner. */
export const tokensCommand: CommandFactory = () => {
  const command = baseCommand("tokens", "Show how a model's tokenizer splits the texts of a file.");
  addSchemaOptions(command, tokensSchema);
  return command.action(async (flags: Record<string, unknown>) => {
    const settings = resolveSettings(tokensSchema, settingsOf(flags));
    const source = await openSource(settings);
    const rows: { readonly line: number; readonly ids: readonly number[] }[] = [];
    for await (const { line, content } of texts(settings)) rows.push({ line, ids: source.idsOf(content) });
    outputFor(flags).answer({ ids: rows.map(({ ids }) => ids) }, () =>
      rows.map(({ line, ids }) => `line ${line}: ${piecesInWords(ids, source)}`),
    );
  });
};

function openSource({ model, tokenizer }: TokensSettings): Promise<TokenizerSource> {
  if (model !== undefined && tokenizer === undefined) return withFolder(model, folderTokenizer);
  if (tokenizer !== undefined && model === undefined) return fileTokenizer(tokenizer);
  throw new UsageError("usage", {
    message: "Exactly one of --model and --tokenizer is needed.",
    expected: "a checkpoint folder, or one tokenizer.json",
  });
}

async function* texts({
  data,
  text: name,
  format,
}: TokensSettings): AsyncGenerator<{ readonly line: number; readonly content: string }> {
  const file = await openNodeFile(data);
  try {
    for await (const { line, fields } of readRecords(file, format ?? formatFromName(data), [
      { name, kind: "text" },
    ])) {
      yield { line, content: fields[name] ?? "" };
    }
  } finally {
    await file.close();
  }
}

/** `"it" 2009, "was" 2001`; characters that a terminal would act on are written as their code. */
function piecesInWords(ids: readonly number[], { tokenizer }: TokenizerSource): string {
  if (ids.length === 0) return "no tokens";
  return ids.map((id) => `${visible(tokenizer.tokenOf(id) ?? "")} ${id}`).join(", ");
}

function visible(token: string): string {
  const escaped = JSON.stringify(token).replace(/[\p{C}\u2028\u2029]/gu, (character) => {
    return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
  });
  return escaped;
}
