import { type Markup, markup } from "./markup.js";
import { style } from "./style.js";

/** A self-contained HTML file around some content: the one style sheet, no script, nothing to fetch. */
export function htmlPage(title: string, content: Markup): string {
  return markup`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8" />
<meta name="viewport" content="width=device-width, initial-scale=1" />
<meta name="referrer" content="no-referrer" />
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'" />
<title>${title}</title>
${style}
</head>
<body>
<main>
${content}
</main>
</body>
</html>
`.text;
}
