import {
  noiseMultiplierOf,
  type Plan,
  recordsOfOneUnit,
  stageSampling,
  unitWords,
  valueCount,
} from "../plan/index.js";
import { formatCount, formatExact, formatNumber, formatPercent } from "./format.js";
import type { ReportInput } from "./input.js";
import { type Markup, markup } from "./markup.js";
import { noiseModel } from "./noise.js";
import { lastStepsOf } from "./picture-epsilon.js";

/** An upper bound on epsilon, never written smaller than it is. */
export function upperEpsilon(epsilon: number): string {
  return formatNumber(epsilon, { rounding: "up", padded: true });
}

/** What makes up a unit, with the column set apart as text from outside; nothing where it is the record. */
export function unitMeaning({ unit }: Plan["privacy"]): Markup | undefined {
  return unit === "record" ? undefined : markup`${recordsOfOneUnit} <code><bdi>${unit.column}</bdi></code>`;
}

/** The box that says exactly what is promised, to whom, and what is not. */
export function guaranteeSection(input: ReportInput): Markup {
  return markup`<section class="guarantee">
<h2>The guarantee</h2>
${statement(input)}
${spent(input)}
<h3>What it covers</h3>
${covered(input.plan)}
<h3>What it does not cover</h3>
${notCovered(input.plan)}
</section>`;
}

function statement({ plan }: ReportInput): Markup {
  const { epsilon, delta, unit } = plan.privacy;
  const { name } = unitWords(unit);
  const meaning = unitMeaning(plan.privacy);
  const [bound, exact] = [upperEpsilon(epsilon), formatExact(delta)];
  return markup`<p class="statement"><strong>(epsilon, delta)-differential privacy with epsilon = ${bound} and
delta = ${exact}.</strong> Take any two data sets of which one has one ${name} more than the other
(add-or-remove-one)${meaning && markup`, where a unit is ${meaning}`}, and any set of possible outcomes of this run. The probability of that set under the one data set
is at most e<sup>${bound}</sup> = ${formatNumber(Math.exp(epsilon), { rounding: "up", digits: 3 })} times its
probability under the other, plus ${exact}.</p>
<p>It holds against readers with any knowledge and any computer. ${asTest(epsilon, delta, name)}</p>`;
}

/** What a test of membership can reach at most: the trade-off that (epsilon, delta) implies. */
function asTest(epsilon: number, delta: number, name: string): string {
  const [rare, common] = [detection(epsilon, delta, 0.001), detection(epsilon, delta, 0.05)];
  return `Put as a test: whoever tries to tell whether one given ${name} was used, and may raise a false alarm in
1 of 1,000 cases, notices a ${name} that was used in at most ${percentUp(rare)} of cases; with 1 false alarm in 20, in
at most ${percentUp(common)}.`;
}

/**
 * Largest power of a membership test at a false-alarm rate, under (epsilon, delta)-DP.
 *
 * @see Wasserman and Zhou 2010; Kairouz, Oh, Viswanath 2015, theorem 2.1.
 */
export function detection(epsilon: number, delta: number, falseAlarms: number): number {
  const steep = Math.exp(epsilon) * falseAlarms + delta;
  const flat = 1 - Math.exp(-epsilon) * (1 - falseAlarms - delta);
  return Math.min(1, steep, flat);
}

function percentUp(share: number): string {
  return formatPercent(Math.ceil(1000 * share) / 1000);
}

/** The run's progress, and how tight the figure is. */
function spent({ plan, entries, epsilonCurve, epsilonLower }: ReportInput): Markup {
  const total = lastStepsOf(plan).at(-1) ?? 0;
  const last = epsilonCurve.at(-1);
  const lower = formatNumber(epsilonLower, { rounding: "down", padded: true });
  const tight =
    last === undefined
      ? undefined
      : markup` After ${formatCount(last.step, "step")} the accountant's upper bound is ${upperEpsilon(last.epsilon)} and
its lower bound ${lower}; the exact epsilon of these steps lies between the two.`;
  const open =
    entries.length >= total
      ? undefined
      : markup` The ledger holds ${formatNumber(entries.length)} of ${formatCount(total, "planned step")}. The guarantee
is stated for all of them, and so holds whenever and for whatever reason the run stopped.`;
  return markup`<p>${budget(plan)}${tight}${open}</p>`;
}

function budget({ privacy }: Plan): string {
  const { targetEpsilon, delta } = privacy;
  return `The budget was epsilon ${formatNumber(targetEpsilon)} at delta ${formatExact(delta)}.`;
}

function covered({ privacy, sampling, stages, mechanism }: Plan): Markup {
  const { name: unit } = unitWords(privacy.unit);
  const meaning = unitMeaning(privacy);
  const values = [...new Set(stages.map((stage) => formatNumber(valueCount(stage))))].join(" or ");
  const rates = new Set(
    stages.map((stage) => stageSampling({ sampling }, stage).numerator / sampling.denominator),
  );
  const rate = [...rates].map((value) => formatNumber(value, { digits: 5 })).join(" or ");
  const { name } = noiseModel(mechanism);
  const noise = formatNumber(noiseMultiplierOf(mechanism), { digits: 5 });
  return markup`<ul>
<li><strong>Each single ${unit}</strong>: ${
    meaning === undefined
      ? "whether it took part, and everything it says."
      : markup`${meaning}; whether they took part, how many they are, and everything they say.`
  }</li>
<li><strong>Everything that is released</strong>: ${values} noised integers a step. The ledger holds them; the
trained weights, every state in between, and this report are computed from them, the public plan, the public base model
and public data. Publishing all of it costs nothing more.</li>
<li><strong>How it is done</strong>: in each step every ${unit} is drawn independently with probability ${rate} (Poisson
sampling); a drawn ${unit}'s differences of ${meaning && "mean "}losses are clipped ${clipWords(stages)}; the sums over the batch are exact
integers; ${name} noise with a standard deviation of ${noise} times what one ${unit} can change is added. Batch and noise
come from the operating system's random generator and are kept nowhere.</li>
</ul>`;
}

function clipWords(stages: Plan["stages"]): string {
  const [adaptive] = stages.flatMap(({ adaptiveClip }) => adaptiveClip ?? []);
  if (adaptive !== undefined) {
    return `as one vector, at a clip threshold that follows the ${adaptive.quantile} quantile of their norms (the count it follows is noised and accounted for with them)`;
  }
  return stages.some(({ clip }) => clip === "per-scalar") ? "each on its own" : "as one vector";
}

function notCovered({ privacy }: Plan): Markup {
  const { epsilon, delta, publicSize, unit } = privacy;
  const { name } = unitWords(unit);
  const pair = pairGuarantee(epsilon, delta, name);
  const related = unit === "record" ? "all mails of one person" : "one person under two names";
  return markup`<ul>
<li><strong>The number of ${name}s</strong>, ${formatNumber(publicSize)}, is a public figure and stands in the plan.</li>
<li><strong>Choices made by looking at private data</strong>: settings, prompts or label words tried out on these
records are not paid for here.</li>
<li><strong>What is published elsewhere</strong>: the same data in other places, statistics about them, what their owners
say, what the base model was pretrained on.</li>
<li><strong>Several runs on the same records</strong> add up: at worst their epsilons and their deltas are summed.</li>
<li><strong>Groups of related ${name}s</strong>, such as ${related}: ${pair}</li>
<li><strong>What is true of everybody</strong>: a pattern that the model would learn without a given ${name} may still say
something about the person behind it.</li>
<li><strong>The test set</strong> is public, as are label names, prompt and label words.</li>
<li><strong>Time</strong>: how long steps take depends on the size of the batch${unit === "record" ? "" : " and on how many records its units have"}. Whoever can watch the run at work may
learn from that.</li>
<li><strong>The machine itself</strong>: its memory, swap space, disks, administrators and other programs see the
records, and its random generator is trusted.</li>
</ul>`;
}

/** Group privacy for two: (2 epsilon, (1 + e^epsilon) delta). Dwork and Roth 2014, theorem 2.2. */
function pairGuarantee(epsilon: number, delta: number, name: string): string {
  const both = (1 + Math.exp(epsilon)) * delta;
  return `for two ${name}s together it is epsilon ${upperEpsilon(2 * epsilon)} at delta ${formatNumber(
    Math.min(1, both),
    {
      rounding: "up",
      digits: 2,
    },
  )}, and it weakens further with every one more.`;
}
