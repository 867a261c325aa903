/** What the types of the privacy code refuse, by the compiler itself, and what they let through. */
import { dirname } from "node:path";

import ts from "typescript";
import { beforeAll, expect, test } from "vitest";

import { repositoryPath } from "./support/shared.js";

const given = `
import { createMechanism, createNonPrivateMechanism, type Mechanism, Release } from "../src/mechanism/index.js";
import type { NonPrivateMechanism, NonPrivateSum } from "../src/mechanism/index.js";
import {
  isPrivate, type NonPrivatePlan, operatingSystemRandom, type Plan, planEvent, type RunPlan, type RunResult, train,
  type TrainRequest, type TrainResult, trainWithoutPrivacy,
} from "../src/index.js";
declare const mechanism: Mechanism;
declare const nonPrivate: NonPrivateMechanism;
declare const sum: NonPrivateSum;
declare const release: Release;
declare const plan: Plan;
declare const mezo: NonPrivatePlan;
declare const some: RunPlan;
declare const request: TrainRequest;
declare const result: RunResult;
void [createMechanism, createNonPrivateMechanism, operatingSystemRandom, isPrivate, planEvent, train,
  trainWithoutPrivacy, mechanism, nonPrivate, sum, release, plan, mezo, some, request, result];
export type Used = [Mechanism, NonPrivateMechanism, NonPrivateSum, Release, Plan, NonPrivatePlan, RunPlan, TrainResult];
`;

/** Lines that must compile: without them a refusal could be for another reason. */
const accepted = [
  "export const made: Release = mechanism.release([]);",
  "export const values: readonly number[] = release.values;",
  "export const either: RunPlan[] = [plan, mezo, some];",
  "export const copied: Plan = { ...plan };",
  "export const copiedToo: NonPrivatePlan = { ...mezo };",
  "export const event = isPrivate(some) ? planEvent(some) : undefined;",
  "export const spent = isPrivate(some) ? some.privacy.epsilon : undefined;",
  "export const run: Promise<TrainResult> = train(request);",
  "export const open: Promise<RunResult> = trainWithoutPrivacy(request);",
];

/** "Type X is not assignable to type Y", in the compiler's several ways to say so. */
const notAssignable = [2322, 2375, 2739, 2741];

/** Lines that must not, with the compiler's numbers for why. */
const refused: readonly (readonly [why: string, line: string, ...codes: number[]])[] = [
  ["a release from its values", "export const x: Release = { values: [1] };", ...notAssignable],
  ["a release by its constructor", "export const x = new Release(Symbol(), [1]);", 2673],
  ["a class that is a release", "export class X extends Release {}", 2675],
  ["a copy of a release", "export const x: Release = { ...release };", ...notAssignable],
  ["numbers as a release", "export const x: Release = [1, 2];", ...notAssignable],
  ["a release with another value put in", "release.values[0] = 1;", 2542],
  ["a release with other values", "release.values = [1];", 2540],
  ["a sum without noise as a release", "export const x: Release = sum;", ...notAssignable],
  ["a mechanism without noise as a private one", "export const x: Mechanism = nonPrivate;", ...notAssignable],
  ["a plan without privacy as one with", "export const x: Plan = mezo;", ...notAssignable],
  ["a plan with privacy as one without", "export const x: NonPrivatePlan = plan;", ...notAssignable],
  [
    "no noise in a private plan",
    "export const x: RunPlan = { ...plan, mechanism: mezo.mechanism };",
    ...notAssignable,
  ],
  [
    "no guarantee in a private plan",
    "export const x: RunPlan = { ...plan, privacy: mezo.privacy };",
    ...notAssignable,
  ],
  [
    "the method without privacy in a private plan",
    'export const x: RunPlan = { ...plan, method: "mezo" };',
    ...notAssignable,
  ],
  [
    "a guarantee in a plan without",
    "export const x: RunPlan = { ...mezo, privacy: plan.privacy };",
    ...notAssignable,
  ],
  [
    "noise in a plan without",
    "export const x: RunPlan = { ...mezo, mechanism: plan.mechanism };",
    ...notAssignable,
  ],
  ["the epsilon of a plan without", "export const x = mezo.privacy.epsilon;", 2339],
  ["the epsilon of any plan, unasked", "export const x = some.privacy.epsilon;", 2339],
  ["the event of a plan without", "export const x = planEvent(mezo);", 2345],
  ["the epsilon of a run without", "export const x = result.verified.epsilon;", 2339],
  ["a run without privacy as one with", "export const x: TrainResult = result;", ...notAssignable],
  ["another randomness", "export const x = train(request, { secret: operatingSystemRandom });", 2554],
];

const folder = repositoryPath("test/");
const fileOf = (index: number): string => `${folder}types-${index}.virtual.ts`;
const lines = [...accepted, ...refused.map(([, line]) => line)];
let found: readonly (readonly number[])[];

beforeAll(() => {
  const sources = new Map(lines.map((line, index) => [fileOf(index), `${given}${line}\n`]));
  const program = programOf(sources);
  found = lines.map((_, index) => errorsOf(program, fileOf(index)));
});

/** The errors of each source, all checked in one program under the repository's own settings. */
function programOf(sources: ReadonlyMap<string, string>): ts.Program {
  const config = repositoryPath("tsconfig.json");
  const { config: read } = ts.readConfigFile(config, (path) => ts.sys.readFile(path)) as { config: unknown };
  const { options } = ts.parseJsonConfigFileContent(
    read,
    { ...ts.sys, readDirectory: () => [] },
    dirname(config),
  );
  const host = ts.createCompilerHost(options);
  const getSourceFile = host.getSourceFile.bind(host);
  host.fileExists = (path) => sources.has(path) || ts.sys.fileExists(path);
  host.readFile = (path) => sources.get(path) ?? ts.sys.readFile(path);
  host.getSourceFile = (path, version, ...more) => {
    const text = sources.get(path);
    return text === undefined
      ? getSourceFile(path, version, ...more)
      : ts.createSourceFile(path, text, version, true);
  };
  return ts.createProgram([...sources.keys()], options, host);
}

function errorsOf(program: ts.Program, path: string): readonly number[] {
  const file = program.getSourceFile(path);
  return [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)].map(
    ({ code }) => code,
  );
}

test.each(accepted.map((line, index) => ({ line, index })))("the types let through: $line", ({ index }) => {
  expect(found[index]).toEqual([]);
});

test.each(refused.map(([why, line, ...codes], index) => ({ why, line, codes, index })))(
  "the types refuse $why: $line",
  ({ index, codes }) => {
    const errors = found[accepted.length + index]!;
    expect(errors).toHaveLength(1);
    expect(codes).toContain(errors[0]);
  },
);
