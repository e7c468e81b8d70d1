// The licences of what a bundle holds, each text once, as a comment: node licences.mjs META.json
import { readFileSync, readdirSync } from "node:fs";

const inputs = Object.keys(JSON.parse(readFileSync(process.argv[2], "utf8")).inputs);
const packages = new Set(inputs.flatMap((f) => f.match(/^node_modules\/((?:@[^/]+\/)?[^/]+)/)?.slice(1) ?? []));
const texts = new Map();
for (const name of [...packages].sort()) {
  const folder = `node_modules/${name}`;
  const file = readdirSync(folder).find((f) => /^licen[cs]e/i.test(f));
  const { version, license } = JSON.parse(readFileSync(`${folder}/package.json`, "utf8"));
  const text = file ? readFileSync(`${folder}/${file}`, "utf8").trim() : `Licence: ${license}`;
  texts.set(text, [...(texts.get(text) ?? []), `${name} ${version}`]);
}
const all = [...texts].map(([text, names]) => `${names.join(", ")}\n\n${text}`).join("\n\n--\n\n");
console.log(`/*!\n${all.replaceAll("*/", "* /").replace(/[^\x00-\x7f]/g, "?")}\n*/`);
