/** What a well-known task needs besides its file: columns, prompt, and what the model may answer. */
export interface NamedTask {
  /** The column of `{text}`, where the template has it. */
  readonly text?: string;
  readonly pair?: string;
  /** Absent where answers are written. */
  readonly label?: string;
  readonly template: string;
  /** In the form of `--label-words`. */
  readonly labelWords?: string;
  /** In the form of `--options`. */
  readonly options?: string;
  /** The column of the answers. */
  readonly answers?: string;
  readonly answerTokens?: number;
  /** The longest prompt where the usual 64 tokens are too few. */
  readonly maximumTokens?: number;
}
