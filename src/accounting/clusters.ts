import type { Release } from "./flatten.js";

/** Releases that are looked at together, on both sides: `upper` loses at least as much as they do, `lower` at most. */
export interface Clusters {
  readonly upper: readonly Release[];
  readonly lower: readonly Release[];
}

/**
 * At most about `most` kinds of releases in the place of many.
 *
 * A release loses more if it samples more and if its noise is narrower, under Gaussian and Laplace noise alike; so the
 * cluster's largest rate and least noise bound it from above, and its least rate and widest noise from below. Noise on
 * a lattice is only put together with the same noise at other rates.
 */
export function clustered(releases: readonly Release[], most: number): Clusters {
  if (releases.length <= most) return { upper: releases, lower: releases };
  let cells = new Map<string, Release[]>();
  for (let width = 0.01; width < 1e4; width *= 2) {
    cells = new Map();
    for (const release of releases) {
      const key = cellOf(release, width);
      const cell = cells.get(key);
      if (cell === undefined) cells.set(key, [release]);
      else cell.push(release);
    }
    if (cells.size <= most) break;
  }
  const groups = [...cells.values()];
  return {
    upper: groups.map((group) => extreme(group, 1)),
    lower: groups.map((group) => extreme(group, -1)),
  };
}

function cellOf({ mechanism, samplingRate }: Release, width: number): string {
  const cell = (value: number): number => Math.floor(Math.log(value) / width);
  const rate = samplingRate === 1 ? "all" : cell(samplingRate);
  switch (mechanism.kind) {
    case "gaussian":
      return `gaussian ${rate} ${cell(mechanism.noiseMultiplier)}`;
    case "laplace":
      return `laplace ${rate} ${cell(mechanism.scale)}`;
    case "discreteGaussian":
    case "discreteLaplace":
      return `${JSON.stringify(mechanism)} ${rate}`;
  }
}

/** One release for all of a group: `side` 1 loses at least as much, -1 at most. */
function extreme(group: readonly Release[], side: 1 | -1): Release {
  const [first] = group as readonly [Release, ...Release[]];
  let { mechanism, samplingRate } = first;
  let times = 0;
  for (const release of group) {
    times += release.times;
    if (side * (release.samplingRate - samplingRate) > 0) ({ samplingRate } = release);
    if (side * (noiseOf(mechanism) - noiseOf(release.mechanism)) > 0) ({ mechanism } = release);
  }
  return { ...first, mechanism, samplingRate, times };
}

function noiseOf(mechanism: Release["mechanism"]): number {
  if (mechanism.kind === "gaussian") return mechanism.noiseMultiplier;
  return mechanism.kind === "laplace" ? mechanism.scale : 0;
}
