import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** A path inside the repository. */
export function repositoryPath(path: string): string {
  return `${root}${path}`;
}

/** A path inside `../shared`, which stands beside the checkout in CI and not on a newcomer's machine. */
export function sharedPath(path: string): string {
  return `${root}../shared/${path}`;
}

/** Whether a path of `../shared` is there; tests that need it skip by this, naming the path. */
export function hasShared(path: string): boolean {
  return existsSync(sharedPath(path));
}
