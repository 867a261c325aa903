/** Who points to whom. */
export type Graph = ReadonlyMap<string, ReadonlySet<string>>;

/** A graph from pairs; a pair of one node with itself counts for nothing. */
export function graphOf(pairs: Iterable<readonly [from: string, to: string]>): Graph {
  const graph = new Map<string, Set<string>>();
  for (const [from, to] of pairs) {
    if (from === to) continue;
    graph.set(from, (graph.get(from) ?? new Set()).add(to));
  }
  return graph;
}

/**
 * Circles, each a way from a node back to itself: a shortest one for every node that is on one, and each once, however
 * many nodes share it. None is left exactly when the graph has no circle.
 */
export function circles(graph: Graph): readonly (readonly string[])[] {
  const found = new Map<string, readonly string[]>();
  for (const node of [...graph.keys()].sort()) {
    const way = shortestWayBack(graph, node);
    if (way === undefined) continue;
    const members = [...way].sort().join();
    if (!found.has(members)) found.set(members, way);
  }
  return [...found.values()];
}

function shortestWayBack(graph: Graph, start: string): readonly string[] | undefined {
  const seen = new Set<string>();
  let ways: (readonly string[])[] = [[start]];
  while (ways.length > 0) {
    const longer: (readonly string[])[] = [];
    for (const way of ways) {
      for (const next of [...(graph.get(way.at(-1) ?? start) ?? [])].sort()) {
        if (next === start) return way;
        if (seen.has(next)) continue;
        seen.add(next);
        longer.push([...way, next]);
      }
    }
    ways = longer;
  }
  return undefined;
}
