// Runs the test cases of downloaded releases with npm's promptfoo, which reads the files itself.
//
//   node cases.mjs NODE_MODULES PATH…    files of cases, or folders with some
//
// Of each case three answers are judged: the right one, another one, and what promptfoo's own
// provider `echo` gives, which is the prompt. Nothing is asked outside.

import { readFileSync, readdirSync, statSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const [modules, ...paths] = process.argv.slice(2);
const entry = resolve(modules, "promptfoo/dist/src/index.js");
const { default: promptfoo } = await import(pathToFileURL(entry));

const fail = (message) => {
  console.error(`cases.mjs: ${message}`);
  process.exit(1);
};
const text = (value) => (typeof value === "string" ? value : JSON.stringify(value));
// A case says braces and beginnings that mean something to promptfoo by templates of themselves.
const said = (value) => text(value).replace(/\{\{ '(\{|\}|file:|package:)' \}\}/g, "$1");
const parsed = (value) => {
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
};
// promptfoo spells JSON anew, and what is JSON in a text in it.
const spelled = (value) => {
  const content = typeof value === "string" ? parsed(value) : value;
  if (content === null || typeof content !== "object") return content;
  const parts = Object.entries(content).map(([key, part]) => [key, spelled(part)]);
  return JSON.stringify(parts);
};

// The answer that the case of a call wants, and one that it doesn't.
const provider = (name, answer) => ({
  id: () => name,
  callApi: async (prompt, { test }) => ({ output: answer(test.assert[0].value) }),
});
const answers = [provider("right", said), provider("wrong", (wanted) => `not ${said(wanted)}`)];

async function run(file) {
  const lines = readFileSync(file, "utf8").split("\n").filter(Boolean);
  const cases = lines.map((line) => JSON.parse(line));
  const suite = { prompts: ["{{input}}"], providers: [...answers, "echo"], tests: `file://${file}` };
  const done = await promptfoo.evaluate(suite, { cache: false, showProgressBar: false });
  if (done.results.length !== 3 * cases.length) {
    fail(`${file}: ${done.results.length} results of ${cases.length} cases`);
  }
  for (const { provider, success, response, testIdx, prompt, error } of done.results) {
    const { vars, assert } = cases[testIdx];
    const input = said(vars.input);
    const wanted = { right: true, wrong: false, echo: input === said(assert[0].value) };
    if (success !== wanted[provider.id]) fail(`${file}: ${provider.id} of case ${testIdx}: ${error}`);
    const asked = provider.id === "echo" ? response.output : prompt.raw;
    if (spelled(asked) !== spelled(input)) fail(`${file}: case ${testIdx} asks ${text(asked)}`);
  }
  return cases.length;
}

for (const path of paths) {
  const isFolder = statSync(path).isDirectory();
  const files = isFolder ? readdirSync(path).filter((name) => name.endsWith(".jsonl")).sort() : [];
  let count = 0;
  for (const file of isFolder ? files.map((name) => join(path, name)) : [path]) {
    count += await run(resolve(file));
  }
  console.log(`  ${basename(path).padEnd(24)} ${count} cases run by promptfoo`);
}
// promptfoo keeps open what it has for other uses.
process.exit(0);
