import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { Logger } from 'pino';
import { joinBudgetPlace } from './app/budget-place.ts';
import { createHousekeeping } from './app/housekeeping.ts';
import { observe } from './app/observed.ts';
import { listenAt } from './app/listen-at.ts';
import { becomeOnlyProcess, grantingWhileHeld, placeLost, type OnlyProcess } from './app/only-process.ts';
import { openPorts, type Ports } from './app/ports.ts';
import { openStore } from './app/store.ts';
import { connectSupplier } from './app/suppliers.ts';
import type { Config } from './config.ts';
import type { ConnectedSupplier } from './connectors/connected-supplier.ts';
import { systemClock } from './domain/clock.ts';
import type { Part } from './domain/part.ts';
import { createGraphql } from './graphql/server.ts';
import { createHttp } from './http.ts';
import type { HealthCheck } from './http/health.ts';
import { createChangeFeed } from './inventory/change-feed.ts';
import { createReader } from './inventory/read.ts';
import { createRecorder } from './inventory/record.ts';
import { createRefreshJobs, createRefreshJobWorker } from './inventory/refresh-jobs.ts';
import { createRefresher } from './inventory/refresh.ts';
import { createBudget } from './outbound/budget.ts';
import { createGate, type CallEvent, type GateParts } from './outbound/gate.ts';
import { createQuotas } from './outbound/quota.ts';
import { createStrikes } from './outbound/strikes.ts';
import { accountWindows } from './outbound/windows.ts';
import { countCallsIn } from './store/call-counts.ts';
import { callLedger, countOccupiedIn } from './store/calls.ts';
import { pingDatabase, type Database } from './store/database.ts';
import { readFeedStates } from './store/feed-states.ts';
import { strikeBook } from './store/strikes.ts';
import type { Progress, RunEnd } from './sync/progress.ts';
import { runFeed, type RunOrder } from './sync/run.ts';
import { createScheduler } from './sync/schedule.ts';

/** A gateway, built and joined; idle until it is told to listen or to work. */
export interface App {
  /** Answers queries. @returns the address, without a path */
  listen(at: Config['http']): Promise<string>;
  /** Runs schedules, forced refreshes and housekeeping. */
  startWork(hooks?: WorkHooks): void;
  /** One run now. */
  sync(order: RunOrder): Promise<RunEnd>;
  /** True once every scheduled feed has been walked to its end. */
  isFilled(): Promise<boolean>;
  /** Some parts, for an example to paste. */
  someParts(first: number): Promise<readonly Part[]>;
  /** Rejects with a sentence once this process may call no supplier any more and should end. */
  readonly lost: Promise<never>;
  /** Ends work at its next safe place, answers what was asked, and lets go of everything. */
  close(): Promise<void>;
}

export interface WorkHooks {
  readonly onProgress?: (progress: Progress) => void;
  readonly onEnd?: (end: RunEnd) => void;
}

/** Where the build puts the query editor: beside the compiled sources. */
const IDE_FOLDER = fileURLToPath(new URL('../ide/', import.meta.url));

/**
 * The composition root: the only place where parts are constructed and joined.
 * @param onWaiting told where another process has to end first
 */
export async function openApp(config: Config, log: Logger, onWaiting: () => void = () => undefined): Promise<App> {
  const losing = new AbortController();
  const rooms = await openRooms(config, log, { onWaiting, onLost: () => losing.abort() });
  const { db, ports, suppliers, reader, gate } = rooms;
  const ending: (() => Promise<void>)[] = [];
  return {
    lost: rejectedBy(losing.signal),
    async listen(at) {
      const http = await createFront(rooms);
      ending.unshift(() => http.close());
      return listenAt(http, at);
    },
    startWork(hooks = {}) {
      for (const work of createWork(rooms, hooks)) {
        work.start();
        ending.push(() => work.stop());
      }
    },
    sync: (order) => runFeed(rooms, order),
    async isFilled() {
      const states = await readFeedStates(db);
      const isWalked = (supplier: string, feed: string): boolean =>
        states.some((state) => state.supplier === supplier && state.feed === feed && state.fullCompletedAt !== null);
      return suppliers.every(({ id, connection }) =>
        Object.keys(connection.profile.schedules).every((feed) => isWalked(id, feed)),
      );
    },
    async someParts(first) {
      const page = await reader.session().partsPage({ first, after: null, brand: null, numberStartsWith: null });
      return page.parts.map(({ part }) => part);
    },
    async close() {
      for (const end of ending) await end();
      rooms.changes.close();
      await gate.drain();
      await rooms.budgetPlace.release();
      await rooms.only?.release();
      await ports.close();
      await db.close();
    },
  };
}

type Rooms = Awaited<ReturnType<typeof openRooms>>;

function rejectedBy(signal: AbortSignal): Promise<never> {
  const rejected = new Promise<never>((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(placeLost()), { once: true });
  });
  // Whoever does not look at it closes the app anyway.
  rejected.catch(() => undefined);
  return rejected;
}

async function openRooms(config: Config, log: Logger, place: { onWaiting: () => void; onLost: () => void }) {
  const clock = systemClock;
  const sources = {
    clock,
    monotonic: (): number => performance.now(),
    random: (): number => Math.random(),
    newId: (): string => randomUUID(),
    log,
  };
  const owner = `${hostname().slice(0, 20)}-${process.pid}-${sources.newId().slice(0, 8)}`;
  const suppliers = config.suppliers.map(connectSupplier);
  const profiles = new Map(suppliers.map(({ id, connection }) => [id, connection.profile]));
  const db = await openStore(config.database.url);
  const only = config.redis === null ? await becomeOnlyProcess({ db, clock, owner, ...place }) : null;
  const ports = openPorts(config.redis, log);
  const { wake, cache } = ports;
  const wayOut = await openWayOut({ db, only, ports, suppliers, sources });
  const { gate } = wayOut;

  const recorder = createRecorder({ db, wake, clock });
  const refresher = createRefresher({ suppliers, gate, recorder, cache, clock, log });
  const reader = createReader({ db, refresher, profiles, clock });
  const changes = createChangeFeed({ db, wake, clock, log });
  const jobs = createRefreshJobs({ db, wake, clock, newId: sources.newId });
  const { access } = config;
  const inventory = { recorder, refresher, reader, changes, jobs };
  return { ...sources, ...wayOut, ...inventory, access, owner, suppliers, profiles, db, only, ports, cache, wake };
}

interface WayOutParts {
  readonly db: Database;
  readonly only: OnlyProcess | null;
  readonly ports: Ports;
  readonly suppliers: readonly ConnectedSupplier[];
  readonly sources: Pick<GateParts, 'clock' | 'monotonic' | 'random' | 'newId' | 'log'>;
}

/** All that a supplier's call goes through. Where the calls are counted elsewhere too, nothing stays open. */
async function openWayOut({ db, only, ports, suppliers, sources }: WayOutParts) {
  const { clock, log, newId } = sources;
  const connections = suppliers.map(({ connection }) => connection);
  const windows = connections.flatMap((connection) => accountWindows(connection, connection.profile));
  const budgetPlace = await joinBudgetPlace({ ...ports, db, clock, log, newId, windows }).catch(
    async (error: unknown) => {
      await only?.release();
      await ports.close();
      await db.close();
      throw error;
    },
  );
  const counted = budgetPlace.granting(ports.budgetLog);
  const budgetLog = only === null ? counted : grantingWhileHeld(counted, only);
  const ledger = callLedger(db);
  const strikes = createStrikes({ book: strikeBook(db), clock, log });
  const lessons = { notes: ports.learntNotes, strikes, countOccupied: countOccupiedIn(db) };
  const budget = createBudget({ budgetLog, ledger, lessons, ...sources });
  const observed = observe({ db, budget, strikes, suppliers, clock });
  const onCall = (call: CallEvent): void => observed.onCall(call);
  const gate = createGate({ budget, ledger, shelf: ports.tokenShelf, ...sources, onCall });
  const quotas = createQuotas({ connections, budget, strikes, countCalls: countCallsIn(db), clock, log });
  return { budgetPlace, observed, gate, quotas };
}

async function createFront(rooms: Rooms) {
  const { observed, suppliers, db, ports, log } = rooms;
  const graphql = createGraphql({
    ...rooms,
    suppliers: suppliers.map(({ id }) => id),
    anonymousScopes: rooms.access.anonymous,
    onOperation: (operation, result) => observed.onOperation(operation, result),
  });
  return createHttp({
    ...graphql,
    ideFolder: IDE_FOLDER,
    checks: healthChecks(db, ports),
    metrics: observed.registry,
    log,
  });
}

/** Stored answers need the database; without Redis they are still given, only no supplier is called. */
function healthChecks(db: Database, ports: Ports): HealthCheck[] {
  const database: HealthCheck = {
    name: 'database',
    isNeeded: true,
    check: () => pingDatabase(db),
  };
  return ports.ping === null ? [database] : [database, { name: 'redis', isNeeded: false, check: ports.ping }];
}

function createWork(rooms: Rooms, hooks: WorkHooks): { start(): void; stop(): Promise<void> }[] {
  const onEnd = (end: RunEnd): void => {
    rooms.observed.onRunEnd(end);
    hooks.onEnd?.(end);
  };
  return [
    createScheduler(rooms, { ...hooks, onEnd }),
    createRefreshJobWorker(rooms),
    createHousekeeping({ ...rooms, profiles: [...rooms.profiles.values()] }),
  ];
}
