import { Markup } from "./markup.js";

/** The one style sheet of the report: light, dark and print, no fonts or images to fetch. */
export const style = new Markup(`<style>
:root { color-scheme: light dark;
  --paper: #ffffff; --ink: #1c2430; --muted: #5b6675; --line: #d9dee5; --panel: #f5f7fa;
  --accent: #1f5fbf; --signal: #c2500a; --band: #cfd6df; --bars: #a9c4ea; --danger: #b3261e; }
@media (prefers-color-scheme: dark) { :root {
  --paper: #12161c; --ink: #e4e8ee; --muted: #9aa5b4; --line: #2d3641; --panel: #1a2029;
  --accent: #7fb0ff; --signal: #ff9d57; --band: #364150; --bars: #35558a; --danger: #ff8a80; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
main { max-width: 54rem; margin: 0 auto; padding: 2rem 1.25rem 4rem; }
h1 { font-size: 1rem; font-weight: 600; color: var(--muted); margin: 0 0 .5rem; }
h2 { font-size: 1.35rem; margin: 2.75rem 0 .75rem; line-height: 1.25; }
h3 { font-size: 1.02rem; margin: 1.5rem 0 .4rem; }
p { margin: .6rem 0; }
.lead { font-size: 1.3rem; line-height: 1.45; margin: 0 0 1rem; }
.note, figcaption { color: var(--muted); font-size: .9rem; }
figcaption { margin-top: .35rem; max-width: 48rem; }
figure { margin: 1rem 0 1.75rem; overflow-x: auto; }
svg { display: block; width: 100%; min-width: 34rem; height: auto; font-family: inherit; }
.guarantee { border: 2px solid var(--accent); border-radius: 10px; padding: .25rem 1.4rem 1rem; margin-top: 2.5rem; }
.guarantee h2 { margin-top: 1rem; }
ul { padding-left: 1.2rem; margin: .4rem 0; }
li { margin: .3rem 0; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .92rem; margin: .5rem 0 1rem; }
th, td { text-align: left; vertical-align: top; padding: .38rem .9rem .38rem 0; border-bottom: 1px solid var(--line); }
tr > :last-child { padding-right: 0; }
th { font-weight: 500; color: var(--muted); }
thead th { vertical-align: bottom; }
.plan th { width: 34%; }
sup { line-height: 0; }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
thead .number { white-space: normal; }
code, pre { font: .88em/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; }
code { white-space: pre-wrap; overflow-wrap: anywhere; background: var(--panel); border-radius: 4px; padding: .05em .3em; }
pre { background: var(--panel); border: 1px solid var(--line); border-radius: 6px; padding: .7rem .9rem; margin: .4rem 0 1rem;
  white-space: pre-wrap; overflow-wrap: anywhere; }
pre code { background: none; padding: 0; }
details { display: inline-block; vertical-align: top; }
summary { cursor: pointer; color: var(--muted); }
details ul { list-style: none; padding: 0; }
text { fill: var(--ink); font-size: 12.5px; }
.tick, .stage-name, .axis-label { fill: var(--muted); font-size: 12px; }
.label { font-size: 12.5px; paint-order: stroke; stroke: var(--paper); stroke-width: 4px; stroke-linejoin: round; }
.figure { font-weight: 600; font-size: 13.5px; }
.grid { stroke: var(--line); }
.axis { stroke: var(--muted); }
.stage-boundary { stroke: var(--muted); stroke-dasharray: 4 4; }
.budget { stroke: var(--signal); stroke-width: 1.5; stroke-dasharray: 7 4; fill: none; }
.curve { stroke: var(--accent); stroke-width: 2; fill: none; }
.mark, .inside, .outside, .mean { fill: none; stroke-linecap: round; stroke: var(--accent); }
.mark { stroke-width: 6; }
.inside { stroke-width: 4; }
.outside { stroke-width: 4.5; stroke: var(--signal); }
.range { stroke: var(--accent); stroke-width: 1; opacity: .5; fill: none; }
.mean { stroke-width: 3; }
.band { fill: var(--band); opacity: .6; }
.bars { fill: var(--bars); stroke: var(--accent); stroke-width: .75; }
path.noise { stroke: var(--signal); stroke-width: 2; fill: none; }
.lost { stroke: var(--danger); stroke-width: 1.75; fill: none; }
.before { fill: var(--band); }
.after { fill: var(--accent); }
.halo { stroke: var(--paper); stroke-width: 5; }
.larger-class { stroke: var(--signal); stroke-width: 2; stroke-dasharray: 5 3; }
footer { margin-top: 2.5rem; border-top: 1px solid var(--line); padding-top: .6rem; }
@media print {
  :root { color-scheme: light; --paper: #fff; --ink: #000; --muted: #444; --line: #bbb; --panel: #f4f4f4;
    --accent: #1f5fbf; --signal: #c2500a; --band: #cfd6df; --bars: #a9c4ea; --danger: #b3261e; }
  * { -webkit-print-color-adjust: exact; print-color-adjust: exact; }
  body { font-size: 10.5pt; }
  main { max-width: none; padding: 0; }
  svg { min-width: 0; }
  figure, tr, li, pre { break-inside: avoid; }
  h2, h3, thead { break-after: avoid; }
  figure, .scroll { overflow: visible; }
  details::details-content { content-visibility: visible; }
}
</style>`);
