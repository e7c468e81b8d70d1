// Asks ONNX Runtime what onnxruntime_cases asked this program: node compare.mjs <cases.jsonl
// Exit 1 where a value is off, or where only one side refuses.
import * as ort from 'onnxruntime-node';
import readline from 'node:readline';

ort.env.logLevel = 'fatal';
const types = {
  1: ['float32', (d) => Float32Array.from(d)],
  2: ['uint8', (d) => Uint8Array.from(d)],
  3: ['int8', (d) => Int8Array.from(d)],
  6: ['int32', (d) => Int32Array.from(d)],
  7: ['int64', (d) => BigInt64Array.from(d.map(BigInt))],
  9: ['bool', (d) => Uint8Array.from(d)],
};
const special = { nan: NaN, '-nan': NaN, inf: Infinity, '-inf': -Infinity };
const number = (v) => (typeof v === 'string' ? special[v] : Number(v));

let compared = 0, off = 0, unknown = 0, alone = 0;
const worst = new Map();
for await (const line of readline.createInterface({ input: process.stdin })) {
  const c = JSON.parse(line);
  let results;
  try {
    const session = await ort.InferenceSession.create(Buffer.from(c.model, 'base64'),
      { logSeverityLevel: 4, graphOptimizationLevel: 'disabled' });
    const feeds = {};
    for (const [name, i] of Object.entries(c.inputs ?? {})) {
      const [type, of] = types[i.type];
      feeds[name] = new ort.Tensor(type, of(i.data), i.dims);
    }
    results = await session.run(feeds);
  } catch (fault) {
    // Its CPU has no such operator, or it does not take this use of it.
    if (!c.refused) { unknown += 1; if (process.env.VERBOSE) console.log(`${c.op}: only ONNX Runtime refuses: ${String(fault.message).slice(0, 160)}`); }
    continue;
  }
  if (c.refused) {
    alone += 1;
    console.log(`${c.op}: only this program refuses: ${c.refused}`);
    continue;
  }
  compared += 1;
  let wrong = '';
  for (const [name, o] of Object.entries(c.outputs)) {
    const r = results[name];
    if (r.dims.join('x') !== o.dims.join('x')) {
      wrong = `${name} is ${o.dims.join('x')}, there ${r.dims.join('x')}`;
      break;
    }
    for (let k = 0; k < o.data.length && !wrong; ++k) {
      const ours = number(o.data[k]), theirs = Number(r.data[k]);
      if (Object.is(ours, theirs) || ours === theirs || (Number.isNaN(ours) && Number.isNaN(theirs)))
        continue;
      const error = Math.abs(ours - theirs) / (1 + Math.abs(theirs));
      worst.set(c.op, Math.max(worst.get(c.op) ?? 0, error));
      if (!(error <= c.tolerance)) wrong = `${name}[${k}] is ${ours}, there ${theirs}`;
    }
  }
  if (wrong) {
    off += 1;
    console.log(`${c.op}: ${wrong}\n  ${line.slice(0, 4000)}`);
  }
}
const [op, error] = [...worst].sort((a, b) => b[1] - a[1])[0] ?? ['', 0];
console.log(`${compared} comparisons, ${off} off, ${alone} that only this program refuses, ` +
  `${unknown} that only ONNX Runtime refuses; the largest error ${error.toExponential(1)} (${op})`);
process.exit(off + alone > 0 ? 1 : 0);
