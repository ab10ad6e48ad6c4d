import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Where package.json is. */
export const PROJECT = dirname(dirname(fileURLToPath(import.meta.url)));

const OLDEST_NODE = [20, 19];
const BUILT = join(PROJECT, 'dist', '.built');
/** What each part of the build is made from. */
const SOURCES = {
  program: ['src', 'migrations', 'schema.graphql', 'codegen.yml', 'tsconfig.json', 'package.json', 'package-lock.json'],
  ide: [join('src', 'ide'), 'package-lock.json'],
  tests: ['test'],
};
/** Written by the build itself. */
const GENERATED = join('src', 'graphql', 'generated.ts');

/**
 * Makes a clone ready to run: checks Node, installs what package-lock.json says, builds. Does only what is still to do and
 * says each in a line. Needs nothing installed.
 * @throws Error with a sentence for the user, after the output of the tool that failed
 */
export async function prepare({ withTests = false } = {}) {
  checkNode();
  if (!isInstalled()) {
    const command = ['ci', '--ignore-scripts', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error'];
    const hint = 'Check that the npm registry can be reached (`npm ping`), then start again.';
    await step('Installing packages (a minute or less)', [command], hint);
  }
  const sources = digests();
  const scripts = missing(sources, withTests).map((script) => ['run', '--silent', script]);
  if (scripts.length === 0) return;
  await step('Building', scripts, 'Correct what is reported above, then start again.');
  mkdirSync(dirname(BUILT), { recursive: true });
  writeFileSync(BUILT, JSON.stringify(sources));
}

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  const [oldestMajor, oldestMinor] = OLDEST_NODE;
  if (major > oldestMajor || (major === oldestMajor && minor >= oldestMinor)) return;
  throw new Error(
    `Node.js ${OLDEST_NODE.join('.')} or newer is needed, and this is ${process.versions.node}. Install it from https://nodejs.org, then start again.`,
  );
}

/** npm keeps a list of what it installed: compared with the lock file it also shows a change of branch or an install by hand. */
function isInstalled() {
  const locked = readJson(join(PROJECT, 'package-lock.json'));
  const installed = readJson(join(PROJECT, 'node_modules', '.package-lock.json'));
  if (locked === null || installed === null) return false;
  return Object.entries(locked.packages).every(
    ([place, wanted]) => place === '' || wanted.optional || installed.packages[place]?.version === wanted.version,
  );
}

/** By content, as a change of branch sets the times of files and a deletion sets none. */
function digests() {
  return Object.fromEntries(Object.entries(SOURCES).map(([part, places]) => [part, digest(places)]));
}

function digest(places) {
  const hash = createHash('sha256');
  for (const file of places.flatMap(filesIn).filter((name) => name !== GENERATED)) {
    hash
      .update(file)
      .update('\0')
      .update(readFileSync(join(PROJECT, file)))
      .update('\0');
  }
  return hash.digest('hex');
}

function filesIn(place) {
  try {
    const entries = readdirSync(join(PROJECT, place), { withFileTypes: true });
    return entries
      .flatMap((entry) => (entry.isDirectory() ? filesIn(join(place, entry.name)) : [join(place, entry.name)]))
      .sort();
  } catch (error) {
    if (error.code === 'ENOTDIR') return [place];
    if (error.code === 'ENOENT') return [];
    throw error;
  }
}

/** The scripts of package.json that bring dist/ up to date; they do not touch the same files. */
function missing(sources, withTests) {
  const built = readJson(BUILT) ?? {};
  const isNew = (part) => built[part] !== sources[part];
  const program = isNew('program') ? ['program'] : withTests && isNew('tests') ? ['compile'] : [];
  return isNew('ide') ? [...program, 'ide'] : program;
}

function readJson(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return null;
  }
}

/** Runs npm commands side by side, unheard; what they said is shown only where one failed. */
async function step(title, commands, hint) {
  const started = Date.now();
  process.stderr.write(`${title} … `);
  const failed = (await Promise.all(commands.map(npm))).filter(({ code }) => code !== 0);
  if (failed.length > 0) {
    process.stderr.write(`failed.\n\n${failed.map(({ output }) => output).join('\n')}\n`);
    const what = failed.map(({ command, code }) => `\`npm ${command}\` ended with ${code}`).join(', ');
    throw new Error(`${title.replace(/ \(.*/, '')} failed: ${what}. ${hint}`);
  }
  process.stderr.write(`done in ${((Date.now() - started) / 1000).toFixed(1)} s\n`);
}

/** The npm that runs us, else the one on PATH. */
function npm(npmArguments) {
  const own = /npm-cli\.c?js$/.test(process.env.npm_execpath ?? '');
  const [command, first] = own ? [process.execPath, [process.env.npm_execpath]] : ['npm', []];
  const child = spawn(command, [...first, ...npmArguments], {
    cwd: PROJECT,
    stdio: ['ignore', 'pipe', 'pipe'],
    // On Windows npm is a script of the shell.
    shell: !own && process.platform === 'win32',
  });
  const chunks = [];
  child.stdout.on('data', (chunk) => chunks.push(chunk));
  child.stderr.on('data', (chunk) => chunks.push(chunk));
  return new Promise((resolve) => {
    child.once('error', (error) =>
      resolve({ command: npmArguments.join(' '), code: 1, output: `${command} cannot be run: ${error.message}` }),
    );
    child.once('close', (code, signal) =>
      resolve({ command: npmArguments.join(' '), code: code ?? signal, output: Buffer.concat(chunks).toString() }),
    );
  });
}
