import { bothCases, literal, propertySet, shorthandSet } from "./pattern-sets.js";

/** What was read of a pattern so far. */
interface Read {
  readonly text: string;
  readonly isNullable: boolean;
  /** Most quantifiers of one way through it that take more than one character, or not always as many. */
  readonly unbounded: number;
  /** Most places of one way through it at which a match may go on in more ways than one. */
  readonly choices: number;
  /** Whether it is one character in every match. */
  readonly isCharacter: boolean;
  /** Whether it is a look ahead. */
  readonly looks?: true;
}

const deepest = 8;
const mostUnbounded = 3;
const mostChoices = 8;
const mostRepeats = 1000;
/** Pairs of letters that one character stands for when case is ignored (ligatures, sharp s). */
const foldedPair = /ff|fi|fl|ss|st/i;
const controls: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t", f: "\f", v: "\v" };

/** Reads one pattern in Oniguruma's syntax and writes it for JavaScript's `v` flag; what it does not know is an error. */
export class PatternReader {
  private readonly characters: readonly string[];
  private position = 0;

  constructor(
    source: string,
    private readonly error: (reason: string) => Error,
  ) {
    this.characters = Array.from(source);
  }

  read(): Read {
    const whole = this.alternatives(0, false);
    if (this.position < this.characters.length) throw this.error("closes a group that is not open");
    return whole;
  }

  private get next(): string | undefined {
    return this.characters[this.position];
  }

  private take(expected: string): boolean {
    const found = this.characters.slice(this.position, this.position + expected.length).join("") === expected;
    if (found) this.position += expected.length;
    return found;
  }

  private alternatives(depth: number, ignoresCase: boolean): Read {
    if (depth > deepest) throw this.error(`has groups more than ${deepest} deep`);
    const found = [this.sequence(depth, ignoresCase)];
    while (this.take("|")) found.push(this.sequence(depth, ignoresCase));
    return {
      text: found.map(({ text }) => text).join("|"),
      isNullable: found.some(({ isNullable }) => isNullable),
      unbounded: Math.max(...found.map(({ unbounded }) => unbounded)),
      choices: Math.max(...found.map(({ choices }) => choices)) + (depth > 0 && found.length > 1 ? 1 : 0),
      isCharacter: false,
    };
  }

  private sequence(depth: number, ignoresCase: boolean): Read {
    const start = this.position;
    const found: Read[] = [];
    while (this.next !== undefined && this.next !== "|" && this.next !== ")") {
      found.push(this.quantified(this.atom(depth, ignoresCase)));
    }
    const source = this.characters.slice(start, this.position).join("");
    if (ignoresCase && foldedPair.test(source))
      throw this.error("ignores the case of letters that fold together");
    const sum = (count: (part: Read) => number): number =>
      found.reduce((total, part) => total + count(part), 0);
    const [unbounded, choices] = [sum((part) => part.unbounded), sum((part) => part.choices)];
    if (unbounded > mostUnbounded)
      throw this.error(`has more than ${mostUnbounded} variable quantifiers in a row`);
    if (choices > mostChoices) throw this.error(`has more than ${mostChoices} quantifiers in a row`);
    return {
      text: found.map(({ text }) => text).join(""),
      isNullable: found.every(({ isNullable }) => isNullable),
      unbounded,
      choices,
      isCharacter: false,
    };
  }

  private quantified(atom: Read): Read {
    const [least, most, sign] = this.quantifier();
    if (sign === "") return atom;
    if (this.next === "?" || this.next === "+" || this.next === "*" || this.next === "{") {
      throw this.error("has a lazy, possessive or repeated quantifier");
    }
    if (atom.looks) throw this.error("repeats looking ahead");
    if (!atom.isCharacter && most > 1 && (atom.unbounded > 0 || (atom.choices + 1) * most > mostChoices)) {
      throw this.error("repeats a group too often, or one that holds a quantifier");
    }
    return {
      text: `${atom.isCharacter ? atom.text : `(?:${atom.text})`}${sign}`,
      isNullable: atom.isNullable || least === 0,
      unbounded: atom.unbounded + (most > 1 && most !== least ? 1 : 0),
      choices:
        most > 1 && !atom.isCharacter ? (atom.choices + 1) * most : atom.choices + (most === least ? 0 : 1),
      isCharacter: false,
    };
  }

  private quantifier(): readonly [least: number, most: number, sign: string] {
    if (this.take("?")) return [0, 1, "?"];
    if (this.take("*")) return [0, Infinity, "*"];
    if (this.take("+")) return [1, Infinity, "+"];
    if (!this.take("{")) return [1, 1, ""];
    const rest = this.characters.slice(this.position, this.position + 12).join("");
    const found = /^(\d{1,4})(?:(,)(\d{0,4}))?\}/.exec(rest);
    if (!found) throw this.error("has a brace that is no quantifier");
    this.position += found[0].length;
    const least = Number(found[1]);
    const most = found[2] === undefined ? least : found[3] === "" ? Infinity : Number(found[3]);
    if (least > most || least > mostRepeats || (most !== Infinity && most > mostRepeats)) {
      throw this.error(`repeats more than ${mostRepeats} times, or more often than its own limit`);
    }
    return [least, most, `{${found[0]}`];
  }

  private atom(depth: number, ignoresCase: boolean): Read {
    const character = this.next ?? "";
    if (character === "(") return this.group(depth, ignoresCase);
    if (character === "[" || character === "\\") {
      if (ignoresCase) throw this.error("ignores case in more than plain letters");
      return one(character === "[" ? this.set(0) : this.escape(false));
    }
    this.position += 1;
    if (character === ".") return one("[^\\n]");
    if ("^$*+?{}]".includes(character)) throw this.error(`has a "${character}" that dpzo does not read`);
    if (!ignoresCase) return one(literal(character));
    if (!/^[\0-\x7F]$/.test(character)) throw this.error("ignores the case of letters beyond ASCII");
    return one(/[a-z]/i.test(character) ? bothCases(character) : literal(character));
  }

  private group(depth: number, ignoresCase: boolean): Read {
    this.position += 1;
    const looks = this.take("?=") ? "(?=" : this.take("?!") ? "(?!" : undefined;
    const ignores = ignoresCase || (looks === undefined && this.take("?i:"));
    if (looks === undefined && !ignores) this.take("?:");
    if (this.next === "?") throw this.error("has a group of a kind that dpzo does not read");
    const inner = this.alternatives(depth + 1, ignores);
    if (!this.take(")")) throw this.error("leaves a group open");
    if (looks !== undefined)
      return { ...inner, text: `${looks}${inner.text})`, isNullable: true, looks: true };
    return { ...inner, text: `(?:${inner.text})` };
  }

  /** `[...]`, with classes inside of it. */
  private set(depth: number): string {
    if (depth > deepest) throw this.error(`has classes more than ${deepest} deep`);
    this.position += 1;
    const sign = this.take("^") ? "^" : "";
    let body = "";
    for (let isFirst = true; !this.take("]"); isFirst = false) {
      if (this.next === undefined || this.take("&&")) throw this.error("has a class that dpzo does not read");
      body += this.member(depth, isFirst);
    }
    if (body === "") throw this.error("has an empty class");
    return `[${sign}${body}]`;
  }

  /** A class in a class, a set such as `\s`, a character, or a range. */
  private member(depth: number, isFirst: boolean): string {
    if (this.next === "[") {
      if (this.characters[this.position + 1] === ":") throw this.error("has a POSIX class");
      return this.set(depth + 1);
    }
    const first = this.next === "-" ? this.hyphen(isFirst) : this.setCharacter();
    if (this.next !== "-" || this.characters[this.position + 1] === "]") return first;
    this.position += 1;
    const last = this.take("[") ? "" : this.setCharacter();
    const codes = [first, last].map((text) => /^\\u\{([0-9a-f]+)\}$/.exec(text)?.[1]);
    const [from, to] = codes.map((code) => (code === undefined ? undefined : Number.parseInt(code, 16)));
    if (from === undefined || to === undefined || from > to) throw this.error("has a range that is none");
    return `${first}-${last}`;
  }

  private hyphen(isFirst: boolean): string {
    if (!isFirst && this.characters[this.position + 1] !== "]")
      throw this.error("has a hyphen inside a class");
    return this.setCharacter();
  }

  private setCharacter(): string {
    if (this.next === "\\") return this.escape(true);
    const character = this.next ?? "";
    this.position += 1;
    return literal(character);
  }

  private escape(isInClass: boolean): string {
    this.position += 1;
    const character = this.next ?? "";
    this.position += 1;
    if (character === "p" || character === "P") return this.property(character === "P");
    const set = shorthandSet(character.toLowerCase(), isInClass);
    if (set !== undefined) return character === character.toLowerCase() ? set : `[^${set}]`;
    if (Object.hasOwn(controls, character)) return literal(controls[character] ?? "");
    if (character === "x" || character === "u") return this.codePoint(character);
    if (character === "" || /[\p{L}\p{N}]/u.test(character)) throw this.error(`has "\\${character}"`);
    return literal(character);
  }

  private property(isNegated: boolean): string {
    const rest = this.characters.slice(this.position, this.position + 24).join("");
    const name = /^\{(\w+)\}/.exec(rest)?.[1];
    const set = name === undefined ? undefined : propertySet(name);
    if (name === undefined || set === undefined) throw this.error("has a property that dpzo does not read");
    this.position += name.length + 2;
    return isNegated ? `[^${set}]` : set;
  }

  private codePoint(kind: "x" | "u"): string {
    const rest = this.characters.slice(this.position, this.position + 12).join("");
    const found = (
      kind === "x" ? /^(?:([0-7][0-9a-fA-F])|\{([0-9a-fA-F]{1,6})\})/ : /^([0-9a-fA-F]{4})/
    ).exec(rest);
    const code = Number.parseInt(found?.[1] ?? found?.[2] ?? "", 16);
    if (!found || !(code <= 0x10ffff) || (code >= 0xd800 && code <= 0xdfff)) {
      throw this.error("has a character code that is none");
    }
    this.position += found[0].length;
    return literal(String.fromCodePoint(code));
  }
}

function one(text: string): Read {
  return { text, isNullable: false, unbounded: 0, choices: 0, isCharacter: true };
}
