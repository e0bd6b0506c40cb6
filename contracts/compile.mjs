// Compiles src/ with the pinned solc into artifacts/, and the mutants of twins.json into artifacts/twins/.
//   node compile.mjs            write the artifacts
//   node compile.mjs --check    compare with the committed ones; exit 1 and name the files that differ
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Worker, isMainThread, parentPort, workerData } from "node:worker_threads";
import solc from "solc";

const HERE = dirname(fileURLToPath(import.meta.url));
const SOURCES = "src";
const ARTIFACTS = join(HERE, "artifacts");
const MAX_CODE_BYTES = 24_576; // EIP-170
const SOLC_VERSION = "0.8.37";

const SETTINGS = {
  evmVersion: "prague",
  viaIR: true,
  // Contracts live long and are called often.
  optimizer: { enabled: true, runs: 100_000 },
  metadata: { appendCBOR: false, bytecodeHash: "none" },
};
/** Optimizer runs of the contracts that would be too long with the usual ones. */
const FEWER_RUNS = { CollateralVault: 1_000 };
const OUTPUT = ["abi", "evm.bytecode.object", "evm.deployedBytecode.object", "storageLayout"];

function sourceFiles() {
  return readdirSync(join(HERE, SOURCES), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".sol"))
    .map((entry) => join(entry.parentPath, entry.name).slice(HERE.length + 1).replaceAll("\\", "/"))
    .sort();
}

function readImport(path) {
  const file = join(HERE, path.startsWith(`${SOURCES}/`) ? path : join("node_modules", path));
  return existsSync(file) ? { contents: readFileSync(file, "utf8") } : { error: `no such file: ${path}` };
}

/** Compiles `sources` ({path: text}); `select` is solc's outputSelection. Throws on errors, and on what is `ours` to avoid. */
function compile(sources, select, ours = (problem) => (problem.sourceLocation?.file ?? SOURCES).startsWith(SOURCES)) {
  const [[only] = []] = Object.values(select).map(Object.keys);
  const runs = FEWER_RUNS[only] ?? SETTINGS.optimizer.runs;
  const input = {
    language: "Solidity",
    sources: Object.fromEntries(Object.entries(sources).map(([path, content]) => [path, { content }])),
    settings: { ...SETTINGS, optimizer: { ...SETTINGS.optimizer, runs }, outputSelection: select },
  };
  const output = JSON.parse(solc.compile(JSON.stringify(input), { import: readImport }));
  const problems = (output.errors ?? []).filter((problem) => problem.severity === "error" || ours(problem));
  if (problems.length) throw new Error(problems.map((e) => e.formattedMessage).join("\n"));
  return output.contracts;
}

/** Layout without AST ids, which change with every edit. */
function storageLayout(layout) {
  const name = (type) => type.replace(/\)\d+/g, ")");
  const entry = ({ label, offset, slot, type }) => ({ label, offset, slot: Number(slot), type: name(type) });
  const types = Object.entries(layout.types ?? {}).map(([key, type]) => [
    name(key),
    {
      encoding: type.encoding,
      label: type.label,
      numberOfBytes: Number(type.numberOfBytes),
      ...(type.key && { key: name(type.key), value: name(type.value) }),
      ...(type.base && { base: name(type.base) }),
      ...(type.members && { members: type.members.map(entry) }),
    },
  ]);
  return { storage: layout.storage.map(entry), types: Object.fromEntries(types) };
}

const sorted = (value) =>
  Array.isArray(value)
    ? value.map(sorted)
    : value && typeof value === "object"
      ? Object.fromEntries(Object.keys(value).sort().map((key) => [key, sorted(value[key])]))
      : value;

function render(name, contract) {
  const { bytecode, deployedBytecode } = contract.evm;
  const bytes = deployedBytecode.object.length / 2;
  if (bytes > MAX_CODE_BYTES) throw new Error(`${name}: ${bytes} bytes of code, the limit is ${MAX_CODE_BYTES}`);
  const artifact = {
    name,
    abi: contract.abi.sort((a, b) => (JSON.stringify([a.type, a.name, a]) < JSON.stringify([b.type, b.name, b]) ? -1 : 1)),
    bytecode: `0x${bytecode.object}`,
    deployedBytecode: `0x${deployedBytecode.object}`,
    storageLayout: storageLayout(contract.storageLayout),
  };
  return `${JSON.stringify(sorted(artifact), null, 1)}\n`;
}

/** Artifacts of every deployable contract in src/: {file name: text}. */
function compileAll(sources) {
  const files = {};
  const others = {};
  const found = {};
  for (const path of Object.keys(sources)) {
    const name = Object.keys(FEWER_RUNS).find((short) => path.endsWith(`/${short}.sol`));
    if (name) Object.assign(found, compile(sources, { [path]: { [name]: OUTPUT } }));
    else others[path] = { "*": OUTPUT };
  }
  Object.assign(found, compile(sources, others));
  for (const [path, contracts] of Object.entries(found)) {
    if (!path.startsWith(`${SOURCES}/`) || path.startsWith(`${SOURCES}/libraries/`)) continue;
    for (const [name, contract] of Object.entries(contracts)) {
      if (!contract.evm.bytecode.object) continue;
      if (files[`${name}.json`]) throw new Error(`two contracts are called ${name}`);
      files[`${name}.json`] = render(name, contract);
    }
  }
  return files;
}

/** Applies one mutation, which must match exactly once in all of src/. */
function mutate(sources, { name, find, replace }) {
  const hits = Object.entries(sources).filter(([, text]) => text.includes(find));
  const count = hits.reduce((sum, [, text]) => sum + text.split(find).length - 1, 0);
  if (count !== 1) throw new Error(`twin ${name}: "${find}" matches ${count} times, must match once`);
  return { ...sources, [hits[0][0]]: hits[0][1].replace(find, () => replace) };
}

function compileTwin(sources, twin) {
  const path = Object.keys(sources).find((file) => file.endsWith(`/${twin.contract}.sol`));
  if (!path) throw new Error(`twin ${twin.name}: no contract ${twin.contract}`);
  // A mutation may leave a variable unused; that is no fault of ours.
  const output = compile(mutate(sources, twin), { [path]: { [twin.contract]: OUTPUT } }, () => false);
  return { [`twins/${twin.name}.json`]: render(twin.contract, output[path][twin.contract]) };
}

/** Compiles everything, one job after another in as many threads as there are cores. */
function compileInThreads(sources, twins) {
  const jobs = [null, ...twins]; // null: the contracts themselves
  const files = {};
  const run = () =>
    new Promise((resolve, reject) => {
      const worker = new Worker(fileURLToPath(import.meta.url), { workerData: sources });
      const next = () => (jobs.length ? worker.postMessage(jobs.shift()) : worker.terminate().then(resolve));
      worker.on("error", reject);
      worker.on("message", (compiled) => {
        Object.assign(files, compiled);
        next();
      });
      next();
    });
  const threads = Math.min(availableParallelism(), jobs.length);
  return Promise.all(Array.from({ length: threads }, run)).then(() => files);
}

function committed() {
  if (!existsSync(ARTIFACTS)) return [];
  return readdirSync(ARTIFACTS, { recursive: true })
    .map((file) => file.replaceAll("\\", "/"))
    .filter((file) => file.endsWith(".json"));
}

async function main() {
  if (!solc.version().startsWith(`${SOLC_VERSION}+`)) throw new Error(`solc is ${solc.version()}, not ${SOLC_VERSION}`);
  const sources = Object.fromEntries(sourceFiles().map((path) => [path, readFileSync(join(HERE, path), "utf8")]));
  const twins = JSON.parse(readFileSync(join(HERE, "twins.json"), "utf8"));
  const files = await compileInThreads(sources, twins);
  const stale = committed().filter((file) => !(file in files));
  if (process.argv.includes("--check")) {
    const differing = Object.keys(files).filter((file) => {
      const path = join(ARTIFACTS, file);
      return !existsSync(path) || readFileSync(path, "utf8") !== files[file];
    });
    for (const file of [...differing, ...stale].sort()) console.error(`differs: artifacts/${file}`);
    if (differing.length + stale.length) process.exit(1);
    console.error(`${Object.keys(files).length} artifacts are as compiled`);
    return;
  }
  for (const file of stale) rmSync(join(ARTIFACTS, file));
  mkdirSync(join(ARTIFACTS, "twins"), { recursive: true });
  for (const [file, text] of Object.entries(files)) writeFileSync(join(ARTIFACTS, file), text);
  console.error(`${Object.keys(files).length} artifacts written`);
}

if (isMainThread) {
  main().catch((error) => {
    console.error(error.message);
    process.exit(1);
  });
} else {
  parentPort.on("message", (twin) => {
    parentPort.postMessage(twin ? compileTwin(workerData, twin) : compileAll(workerData));
  });
}
