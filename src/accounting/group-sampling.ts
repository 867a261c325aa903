/** Which of some records that are sampled together enter a step: each with probability `rate`, on its own. */
export interface Sampling {
  readonly rate: number;
  /** 1, or a group's size. */
  readonly records: number;
}
