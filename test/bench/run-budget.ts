import { fork, type ChildProcess } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { createTestDatabase } from '../sync/test-database.ts';
import { serverUrl } from '../outbound/redis-under-test.ts';
import type { LimiterName } from './limiters.ts';
import { measureLimiter, type Course, type Measured } from './measure-limiter.ts';
import { measureScale } from './measure-scale.ts';

const HELP = `npm run bench:budget -- [options]
  --real               the limits as suppliers state them, 5/s and 100/min: one run of 300 s with 4 processes of ours
  --scale              instead: 100,000 calls in a window of a day, and 300 suppliers
  --busy               a process per core that spins meanwhile
  --only <name>        rows of one limiter: ours, bottleneck, flexible, flexibleQueue, bullmq
  --markdown <file>    writes the table there too
`;

interface Row {
  readonly name: string;
  readonly limiter: LimiterName;
  readonly processes: number;
  /** Keeps one limit alone: the other says nothing of it. */
  readonly knowsLongAlone?: boolean;
}

const ROWS: readonly Row[] = [
  { name: 'parts gateway', limiter: 'ours', processes: 1 },
  { name: 'parts gateway', limiter: 'ours', processes: 4 },
  { name: 'parts gateway', limiter: 'ours', processes: 8 },
  { name: 'bottleneck 2.19, cluster: minTime + reservoir', limiter: 'bottleneck', processes: 4 },
  { name: 'rate-limiter-flexible 11, two limiters', limiter: 'flexible', processes: 4 },
  { name: 'rate-limiter-flexible 11, RateLimiterQueue', limiter: 'flexibleQueue', processes: 4 },
  { name: 'BullMQ 5, limiter of a queue (knows one limit)', limiter: 'bullmq', processes: 4, knowsLongAlone: true },
];
const REAL_ROWS = ROWS.filter(({ limiter, processes }) => limiter === 'ours' && processes === 4);

const REAL: Course = {
  short: { limit: 5, windowMs: 1_000 },
  long: { limit: 100, windowMs: 60_000 },
  runMs: 300_000,
  callers: 12,
  delayAtMostMs: 10,
};
/** As REAL, the second allows three times as many as the minute does; but the "minute" has 5 s. Two of the others count in whole seconds. */
const SCALED: Course = {
  ...REAL,
  short: { limit: 30, windowMs: 1_000 },
  long: { limit: 50, windowMs: 5_000 },
  runMs: 25_000,
};

const { values: options } = parseArgs({
  options: {
    real: { type: 'boolean', default: false },
    scale: { type: 'boolean', default: false },
    busy: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
    only: { type: 'string' },
    markdown: { type: 'string' },
  },
});

const stopping = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stopping.abort());

if (options.help) say(HELP);
else {
  const spinning = options.busy ? spinOnEveryCore() : [];
  const database = await createTestDatabase('mysql');
  try {
    const servers = { redisUrl: serverUrl('TEST_REDIS_URL'), databaseUrl: database.url };
    if (options.scale) await measureScale(servers, database.db, say);
    else await compare(servers);
  } finally {
    for (const child of spinning) child.kill('SIGKILL');
    await database.remove();
  }
}

async function compare(servers: { redisUrl: string; databaseUrl: string }): Promise<void> {
  const course = options.real ? REAL : SCALED;
  const rows = (options.real ? REAL_ROWS : ROWS).filter(
    ({ limiter }) => options.only === undefined || options.only === limiter,
  );
  say(introduction(course, rows.length));
  const lines = heading(course);
  say(lines.join('\n'));
  for (const row of rows) {
    if (stopping.signal.aborted) return;
    const line = tableLine(row, await measureLimiter(servers, course, row, stopping.signal));
    say(line);
    lines.push(line);
  }
  if (options.markdown !== undefined) writeFileSync(options.markdown, `${lines.join('\n')}\n`);
}

function introduction({ short, long, runMs, callers, delayAtMostMs }: Course, rows: number): string {
  const limits = [short, long].map(({ limit, windowMs }) => `${limit} in any ${windowMs / 1_000} s`).join(' and ');
  return [
    `${rows} runs of ${runMs / 1_000} s, one after the other, on one Redis; ${callers} callers in each process, always wanting more.`,
    `The supplier, a process of its own, allows ${limits}${options.real ? '.' : ' (a minute shortened; --real has 5/s and 100/min).'}`,
    `Each caller waits 0 to ${delayAtMostMs} ms before each call, and each call is on its way for 0 to ${delayAtMostMs} ms.`,
    ...(options.busy ? [`A spinning process on each of ${availableParallelism()} cores.`] : []),
    `Possible: the calls that come before the run's end if each comes as early as the windows allow. Utilisation: calls / possible.`,
    `Turn-over: how much later than allowed the longer window's places are used again, on average.`,
    `Violations: arrivals with which the window that ends with them held more than its limit. Worst: the most in any window.\n`,
  ].join('\n');
}

function heading({ short, long }: Course): string[] {
  const spans = `${short.windowMs / 1_000} s / ${long.windowMs / 1_000} s`;
  return [
    `| limiter | processes | calls / possible | utilisation | turn-over | violations ${spans} | worst ${spans} |`,
    '| --- | --- | --- | --- | --- | --- | --- |',
  ];
}

function tableLine({ name, processes, knowsLongAlone = false }: Row, measured: Measured): string {
  const { calls, possible, utilisation, turnOverMs, short, long } = measured;
  const ofShort = (count: number): string => (knowsLongAlone ? '–' : String(count));
  const cells = [
    name,
    processes,
    `${calls} / ${possible}`,
    `${(utilisation * 100).toFixed(1)} %`,
    turnOverMs === null ? '–' : `${turnOverMs.toFixed(0)} ms`,
    `${ofShort(short.violations)} / ${long.violations}`,
    `${ofShort(short.greatest)} / ${long.greatest}`,
  ];
  return `| ${cells.join(' | ')} |`;
}

function spinOnEveryCore(): ChildProcess[] {
  const program = fileURLToPath(new URL('spinning-process.js', import.meta.url));
  return Array.from({ length: availableParallelism() }, () => fork(program));
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}
