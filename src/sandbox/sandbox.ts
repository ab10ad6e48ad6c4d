import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { systemClock, type Clock } from '../domain/clock.ts';
import { GatewayError } from '../domain/gateway-error.ts';
import type { Limit } from '../domain/profile.ts';
import { readCatalogFile } from './catalog-file.ts';
import { generateLines, MAX_LINES, type CatalogLine } from './catalog.ts';
import type { SandboxControl } from './control.ts';
import { createFaults } from './faults.ts';
import { meetCall, type Rooms } from './front.ts';
import { DEFAULT_LIMITS } from './limiter.ts';
import { createTokenDesk, DEFAULT_CREDENTIAL, type Credential } from './oauth.ts';
import { streamSeed } from './random.ts';
import { createRequestLog } from './request-log.ts';
import { createSupply } from './supply.ts';
import { createJudge, type Verdict } from './verdict.ts';

export interface SandboxOptions {
  /** 0, the default, takes any that is free. */
  readonly port?: number;
  readonly host?: string;
  /** The same seed (and clock) gives the same supplier. */
  readonly seed?: number;
  /** How many parts to make up; not used where `catalogFile` is given. */
  readonly parts?: number;
  /** A `part;label` list to sell instead. */
  readonly catalogFile?: string;
  /** What the lines of `catalogFile` are sold as. */
  readonly brand?: string;
  readonly limits?: readonly Limit[];
  /** Most rows in a page, and what a page has where the caller says nothing. */
  readonly pageSize?: number;
  /** Most ids in one call by ids. */
  readonly bulkKeys?: number;
  readonly tokenLifeSeconds?: number;
  readonly credentials?: readonly Credential[];
  /** Wall clock, for stamps, tokens and faults. Limits are always counted on the machine's own monotonic clock. */
  readonly clock?: Clock;
  /** How often stock moves by itself; 0 for never. */
  readonly movesPerSecond?: number;
}

export interface Sandbox {
  /** Without a slash at its end. */
  readonly url: string;
  readonly control: SandboxControl;
  /** What the judge of the limits has seen up to now. */
  verdict(): Verdict;
  /** Breaks off what is open. */
  stop(): Promise<void>;
}

export const SANDBOX_DEFAULTS = {
  port: 0,
  host: '127.0.0.1',
  seed: 1,
  parts: 2_000,
  brand: 'BRITISH CLASSICS',
  limits: DEFAULT_LIMITS,
  pageSize: 1_000,
  bulkKeys: 100,
  tokenLifeSeconds: 3_600,
  credentials: [DEFAULT_CREDENTIAL] as readonly Credential[],
  clock: systemClock,
  movesPerSecond: 0,
} as const satisfies SandboxOptions;

/** Longer than the pauses of a caller that keeps its connections: connections break only where a fault says so. */
const KEEP_ALIVE_MS = 120_000;
const MOVE_EVERY_MS = 200;
const MAX_MOVES_PER_SECOND = 10_000;

/**
 * Starts a supplier that behaves like a real one, over real HTTP. What it understands: README.md beside this file.
 * @throws GatewayError `CONFIG_INVALID` where an option or the catalog file is unusable, or the port is taken
 */
export async function startSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  const settings = { ...SANDBOX_DEFAULTS, ...options };
  checkSettings(settings);
  const { clock, seed, limits } = settings;
  const lines = await linesOf(settings);
  const openRooms = (): Rooms => ({
    supply: createSupply(lines, seed, clock),
    judge: createJudge(limits),
    desk: createTokenDesk(settings.credentials, settings.tokenLifeSeconds, streamSeed(seed, 'tokens'), clock),
    faults: createFaults(clock),
    log: createRequestLog(),
  });
  let rooms = openRooms();
  const control = controlOf(
    () => rooms,
    () => void (rooms = openRooms()),
  );
  const stopping = new AbortController();
  const front = { sizes: settings, clock, control, rooms: () => rooms, stopping: stopping.signal };
  const server = createServer((request, response) => {
    // What fails here breaks off the one call, as a supplier's crash would.
    meetCall(front, request, response).catch(() => response.destroy());
  });
  const url = await listen(server, settings);
  const moving = keepMoving(control, settings.movesPerSecond, stopping.signal);
  const stop = async (): Promise<void> => {
    stopping.abort();
    await moving;
    await close(server);
  };
  return { url, control, verdict: () => control.verdict(), stop };
}

type Settings = Required<Omit<SandboxOptions, 'catalogFile'>> & Pick<SandboxOptions, 'catalogFile'>;

function checkSettings(settings: Settings): void {
  const ranges: readonly (readonly [name: keyof Settings, least: number, most: number])[] = [
    ['port', 0, 65_535],
    ['parts', 1, MAX_LINES],
    ['pageSize', 1, 10_000],
    ['bulkKeys', 1, 10_000],
    ['tokenLifeSeconds', 1, 31_536_000],
    ['movesPerSecond', 0, MAX_MOVES_PER_SECOND],
  ];
  for (const [name, least, most] of ranges) {
    const value = Number(settings[name]);
    if (value >= least && value <= most) continue;
    throw new GatewayError('CONFIG_INVALID', `Sandbox: ${name} must be from ${least} to ${most}, not ${value}.`);
  }
}

function linesOf({ catalogFile, brand, parts, seed }: Settings): Promise<CatalogLine[]> | CatalogLine[] {
  if (catalogFile !== undefined) return readCatalogFile(catalogFile, brand);
  return generateLines(parts, streamSeed(seed, 'catalog'));
}

function controlOf(rooms: () => Rooms, reset: () => void): SandboxControl {
  return {
    verdict: () => rooms().judge.verdict(),
    requests: (limit = 100) => rooms().log.latest(limit),
    addFault: (spec) => rooms().faults.add(spec),
    clearFaults: () => rooms().faults.clear(),
    setStock: (id, location, quantity) => rooms().supply.setStock(id, location, quantity),
    moveStock: (count) => rooms().supply.moveStock(count),
    setPrices: (id, prices) => rooms().supply.setPrices(id, prices),
    setCatalog: (id, change) => rooms().supply.setCatalog(id, change),
    setRemoved: (id, isRemoved) => rooms().supply.setRemoved(id, isRemoved),
    reset,
  };
}

async function listen(server: Server, { port, host }: Settings): Promise<string> {
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) => {
      reject(
        new GatewayError('CONFIG_INVALID', `The sandbox cannot listen on ${host}:${port}: choose another port.`, {
          cause,
        }),
      );
    });
    server.listen(port, host, resolve);
  });
  return `http://${host}:${(server.address() as AddressInfo).port}`;
}

/** Which part moves at which step follows from the seed; only when it moves follows from the time. */
async function keepMoving(control: SandboxControl, movesPerSecond: number, stopping: AbortSignal): Promise<void> {
  let owed = 0;
  while (movesPerSecond > 0 && !stopping.aborted) {
    await wait(MOVE_EVERY_MS, undefined, { signal: stopping }).catch(() => undefined);
    owed += (movesPerSecond * MOVE_EVERY_MS) / 1_000;
    control.moveStock(Math.floor(owed));
    owed -= Math.floor(owed);
  }
}

async function close(server: Server): Promise<void> {
  await new Promise((resolve) => {
    server.close(resolve);
    server.closeAllConnections();
  });
}
