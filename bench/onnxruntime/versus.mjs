// ONNX Runtime and this program on the same graphs and inputs, by turns in one run:
// node versus.mjs PROGRAM FOLDER THREADS ROUNDS [CASE...]
import * as ort from 'onnxruntime-node';
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import readline from 'node:readline';

const [program, folder, threads, rounds, ...only] = process.argv.slice(2);
const peer = spawn(program, [folder, threads], { stdio: ['pipe', 'pipe', 'inherit'] });
const lines = readline.createInterface({ input: peer.stdout })[Symbol.asyncIterator]();
const next = async () => {
  const { value, done } = await lines.next();
  if (done) throw new Error('the simulator has ended');
  return value;
};
const median = (v) => [...v].sort((a, b) => a - b)[Math.floor(v.length / 2)];

const cases = [];
for (let line = await next(); line !== 'ready'; line = await next()) cases.push(JSON.parse(line));
for (const name of only)
  if (!cases.some((c) => c.case === name))
    throw new Error(`unknown case '${name}': one of ${cases.map((c) => c.case).join(', ')}`);

const ms = (s) => (1e3 * s).toPrecision(4).padStart(9);
console.log(`ONNX Runtime ${ort.env.versions.node ?? ort.env.versions.common}, threads: ${threads}, `
  + `rounds: ${rounds}; CPU and wall time in ms, medians; ratio: this program over ONNX Runtime`);
console.log('case            mode    theirs CPU      wall  ours CPU      wall  ratio CPU  ratio wall');
for (const c of cases) {
  if (only.length && !only.includes(c.case)) continue;
  const session = await ort.InferenceSession.create(`${folder}/${c.case}.onnx`, {
    intraOpNumThreads: Number(threads), interOpNumThreads: 1, executionMode: 'sequential',
    executionProviders: ['cpu'], logSeverityLevel: 3,
  });
  const feeds = {};
  for (const i of c.inputs) {
    const bytes = readFileSync(`${folder}/${i.file}`);
    const buffer = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length);
    const data = i.type === 'int32' ? new Int32Array(buffer) : new Float32Array(buffer);
    if (session.inputNames.includes(i.name)) feeds[i.name] = new ort.Tensor(i.type, data, i.dims);
  }
  const theirs = async () => {
    const cpu = process.cpuUsage(), wall = process.hrtime.bigint();
    const outputs = await session.run(feeds);
    const spent = Number(process.hrtime.bigint() - wall) / 1e9, used = process.cpuUsage(cpu);
    let sum = 0, count = 0;
    for (const o of Object.values(outputs))
      for (const y of o.data) { sum += Math.abs(Number(y)); count += 1; }
    return { wall: spent, cpu: (used.user + used.system) / 1e6, mean: sum / count };
  };
  const ours = async (profile) => {
    peer.stdin.write(`${c.case} ${profile}\n`);
    const [wall, cpu, mean] = (await next()).split(' ').map(Number);
    return { wall, cpu, mean };
  };
  const profiles = ['ieee', 'ane16'];
  // The first calls make what later ones keep; what comes out is the same network's.
  for (let i = 0; i < 2; ++i) {
    const reference = await theirs();
    for (const p of profiles) {
      const { mean } = await ours(p);
      if (p === 'ieee' && Math.abs(mean / reference.mean - 1) > 0.05)
        throw new Error(`${c.case}: results of mean magnitude ${mean}, there ${reference.mean}`);
    }
  }
  const spent = { theirs: [], ieee: [], ane16: [] };
  // A call that is shorter than the clock's tick is repeated.
  const repeats = Math.max(1, Math.min(200, Math.round(0.02 / (await theirs()).wall)));
  const several = async (call) => {
    const sum = { wall: 0, cpu: 0 };
    for (let i = 0; i < repeats; ++i) {
      const one = await call();
      sum.wall += one.wall / repeats;
      sum.cpu += one.cpu / repeats;
    }
    return sum;
  };
  for (let round = 0; round < Number(rounds); ++round) {
    spent.theirs.push(await several(theirs));
    for (const p of profiles) spent[p].push(await several(() => ours(p)));
  }
  for (const p of profiles) {
    const of = (who, key) => median(spent[who].map((t) => t[key]));
    const ratio = (key) => median(spent[p].map((t, i) => t[key] / spent.theirs[i][key]));
    console.log(c.case.padEnd(16) + p.padEnd(6) + ms(of('theirs', 'cpu')) + ' ' + ms(of('theirs', 'wall'))
      + ' ' + ms(of(p, 'cpu')) + ' ' + ms(of(p, 'wall')) + ratio('cpu').toFixed(2).padStart(11)
      + ratio('wall').toFixed(2).padStart(12));
  }
  await session.release();
}
peer.stdin.end();
