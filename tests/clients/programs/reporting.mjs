// How the programs for Node.js take their plan and report: as reporting.py does for Python.

import { readFileSync } from "node:fs";

export const plan = JSON.parse(readFileSync(process.argv.at(-1), "utf8"));

// Does what the plan says, and reports.  `acts` has a function for each
// scenario, which takes what is asked for and resolves to what was seen.
export async function report(version, acts) {
  say({ version });
  for (const [scenario, asked] of Object.entries(plan.scenarios)) {
    try {
      say({ scenario, saw: await acts[scenario](asked) });
    } catch (error) {
      say({ scenario, raised: String(error) });
    }
  }
}

// The version of an installed package.
export function versionOf(name) {
  const file = new URL(`node_modules/${name}/package.json`, import.meta.url);
  return JSON.parse(readFileSync(file, "utf8")).version;
}

function say(value) {
  process.stdout.write(`\n${JSON.stringify(value)}\n`);
}
