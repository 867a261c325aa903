import { afterEach, expect, test, vi } from "vitest";
import { operatingSystemRandom } from "./random-bytes.js";

afterEach(() => {
  vi.unstubAllGlobals();
});

test("Every byte comes from the operating system; there is no seed and no state here.", () => {
  const requests: number[] = [];
  vi.stubGlobal("crypto", {
    getRandomValues: (out: Uint8Array) => {
      requests.push(out.length);
      out.fill(requests.length);
      return out;
    },
  });
  const bytes = new Uint8Array(65_536 * 2 + 5);
  operatingSystemRandom(bytes);
  expect(requests).toEqual([65_536, 65_536, 5]);
  expect([bytes[0], bytes[65_536], bytes.at(-1)]).toEqual([1, 2, 3]);
});

test("Where there is no such generator it refuses, instead of falling back to a weaker one.", () => {
  vi.stubGlobal("crypto", undefined);
  expect(() => {
    operatingSystemRandom(new Uint8Array(1));
  }).toThrow(expect.objectContaining({ code: "no-random-source" }));
  vi.stubGlobal("crypto", {});
  expect(() => {
    operatingSystemRandom(new Uint8Array(1));
  }).toThrow(expect.objectContaining({ code: "no-random-source" }));
});

test("two requests differ, and a large one is filled to its end", () => {
  const first = new Uint8Array(200_000);
  const second = new Uint8Array(200_000);
  operatingSystemRandom(first);
  operatingSystemRandom(second);
  expect(first).not.toEqual(second);
  expect(first.subarray(-64).some((byte) => byte !== 0)).toBe(true);
});
