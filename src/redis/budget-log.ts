import { luaScript, SERVER_TIME, type LuaScript } from './budget-log-script.ts';
import { deadlined, type Redis } from './connection.ts';

/** One window that a call must occupy. `limit` is what the asking lane may fill; `windowMs` 0 bounds calls in flight. */
export interface LogWindow {
  readonly key: string;
  readonly limit: number;
  readonly windowMs: number;
  /** True for one that begins empty when it is told, so that it has no past to know. */
  readonly isRest?: boolean;
}

/** Who asks, for the line in front of a window. */
export interface Asker {
  /** Unique for each wait. */
  readonly id: string;
  /** 0 is the most urgent. */
  readonly rank: number;
  /** How long it has waited: its place among equals. */
  readonly waitedMs: number;
}

export interface Take {
  /** What shares its waiting lines: a supplier. */
  readonly group: string;
  readonly permit: string;
  readonly windows: readonly LogWindow[];
  /** Scopes whose pause stops this call. */
  readonly scopes: readonly string[];
  /** How long after the grant the call can still arrive at the supplier, unless it is settled before. */
  readonly holdMs: number;
  readonly asker: Asker;
  /** How long the asker keeps its places in line after a refusal; 0: it does not wait. */
  readonly lineMs: number;
}

/** All times are epoch ms on the budget's own clock, the one of the store that keeps it. */
export type Taken =
  | { readonly outcome: 'granted'; readonly at: number }
  | Refusal
  /** The past of a window is not known, as it is new, or lost with the store: nothing is granted in it before `restore`. */
  | { readonly outcome: 'pastUnknown'; readonly at: number };

export interface Refusal {
  readonly outcome: 'refused';
  readonly at: number;
  /** The window or paused scope that opens last. */
  readonly by: { readonly kind: 'window' | 'pause'; readonly key: string };
  /** When the asker's turn is expected; an unanswered call or an asker ahead can make it earlier or later. */
  readonly retryAt: number;
  /** Before this no grant is possible, whatever the others do. Equal to `retryAt` where that is exact. */
  readonly notBefore: number;
}

export interface WindowUsage {
  readonly key: string;
  readonly occupied: number;
  /** When the next of its places is free at the latest; null where none is occupied. */
  readonly freesAt: number | null;
  /** Of the occupied places those of calls not answered yet. */
  readonly unanswered: number;
}

export interface Usage {
  readonly at: number;
  readonly windows: readonly WindowUsage[];
  readonly pausedUntil: number | null;
  /** Of all windows asked about. */
  readonly isPastKnown: boolean;
}

/** A past call as the call ledger tells it. */
export interface RestoredEntry {
  /** Of one of the windows that are restored; others are left out. */
  readonly key: string;
  readonly permit: string;
  /** Until when it occupies the window. */
  readonly until: number;
}

/**
 * The completion-stamped sliding log: a permit occupies every window of its call from the grant until `windowMs` after its
 * answer (or, without an answer, after the last moment it could have arrived). Every method is one atomic step and rejects
 * where the store cannot be reached in time; what it did is then unknown and counts as spent.
 */
export interface BudgetLog {
  /** Occupies all windows or none. */
  take(take: Take): Promise<Taken>;
  /** Stamps the answer: each window is occupied until now + its `windowMs`. Lowers only; brings nothing back. @returns now */
  settle(permit: string, windows: readonly LogWindow[]): Promise<number>;
  /** Gives up the asker's places in line. */
  leave(group: string, asker: string): Promise<void>;
  /** No grant for calls of this scope until `forMs` from now; only ever lengthens. @returns until when */
  pause(scope: string, forMs: number): Promise<number>;
  usage(group: string, windows: readonly LogWindow[], scopes: readonly string[]): Promise<Usage>;
  /**
   * Marks the start of a restoring, before the past is read.
   * @returns `alreadyKnown` where the past of all these windows is, or the marker that `restore` wants: it is lost with the store, so that a second loss is noticed
   */
  beginRestore(
    group: string,
    windows: readonly Pick<LogWindow, 'key'>[],
  ): Promise<{ readonly marker: string; readonly at: number } | 'alreadyKnown'>;
  /** Adds past calls where they are missing and opens the windows. Safe from several processes; `lost`: begin anew. */
  restore(
    group: string,
    marker: string,
    windows: readonly Pick<LogWindow, 'key' | 'windowMs'>[],
    entries: readonly RestoredEntry[],
  ): Promise<'restored' | 'lost'>;
  /** Takes the past of windows for unknown from now on, e.g. as the store's clock was set forward. */
  doubt(windows: readonly Pick<LogWindow, 'key'>[]): Promise<void>;
}

/** Entries in one step of a restoring: a step stays below some milliseconds. */
const ENTRIES_PER_STEP = 1_000;
/** As in the scripts: the mark of a known past stands behind all permits of a window. */
const MARKS_FROM = 9_000_000_000_000_000;

/**
 * @param prefix parts this gateway's keys from others in one Redis. The keys of one supplier share a hash tag, so the log
 * also runs on a cluster.
 * @param time how the scripts read the time, see `luaScript`; for tests alone
 */
export function redisBudgetLog(client: Redis, prefix: string, time = SERVER_TIME): BudgetLog {
  const keys = keysUnder(prefix);
  const script = (name: string): LuaScript => luaScript(client, `budget-${name}.lua`, time);
  const scripts = {
    take: script('take'),
    settle: script('settle'),
    pause: script('pause'),
    usage: script('usage'),
    begin: script('begin-restore'),
    restore: script('restore'),
  };
  return {
    take: (asked) => take(scripts.take, keys, asked),
    async settle(permit, windows) {
      const occupied = windows.map(({ key }) => keys.occupied(key));
      return (await scripts.settle(occupied, [permit, ...windows.map(({ windowMs }) => windowMs)])) as number;
    },
    async leave(group, asker) {
      await deadlined(client.zRem(keys.askers(group), asker));
    },
    async pause(scope, forMs) {
      return (await scripts.pause([keys.pause(scope)], [Math.ceil(forMs)])) as number;
    },
    usage: (_group, windows, scopes) => usage(scripts.usage, keys, windows, scopes),
    async beginRestore(group, windows) {
      const marker = crypto.randomUUID();
      const occupied = windows.map(({ key }) => keys.occupied(key));
      const at = (await scripts.begin([keys.restoring(group, marker), ...occupied], [])) as number;
      return at < 0 ? 'alreadyKnown' : { marker, at };
    },
    restore: (group, marker, windows, entries) =>
      restore(scripts.restore, keys.restoring(group, marker), keys, windows, entries),
    async doubt(windows) {
      for (const { key } of windows) {
        await deadlined(client.zRemRangeByScore(keys.occupied(key), MARKS_FROM, '+inf'));
      }
    },
  };
}

type Keys = ReturnType<typeof keysUnder>;

function keysUnder(prefix: string) {
  return {
    occupied: (window: string): string => `${prefix}window:${window}`,
    line: (window: string): string => `${prefix}line:${window}`,
    pause: (scope: string): string => `${prefix}pause:${scope}`,
    askers: (group: string): string => `${prefix}askers:{${group}}`,
    restoring: (group: string, marker: string): string => `${prefix}restoring:{${group}}:${marker}`,
  };
}

async function take(script: LuaScript, keys: Keys, asked: Take): Promise<Taken> {
  const { windows, asker } = asked;
  const reply = await script(
    [
      keys.askers(asked.group),
      ...windows.map(({ key }) => keys.occupied(key)),
      ...windows.map(({ key }) => keys.line(key)),
      ...asked.scopes.map(keys.pause),
    ],
    [
      asked.permit,
      asker.id,
      asker.rank,
      Math.round(asker.waitedMs),
      asked.holdMs,
      asked.lineMs,
      windows.length,
      ...windows.flatMap(({ limit, windowMs, isRest }) => [limit, windowMs, isRest === true ? 1 : 0]),
    ],
  );
  return readTaken(reply as TakeReply, asked);
}

async function usage(
  script: LuaScript,
  keys: Keys,
  windows: readonly LogWindow[],
  scopes: readonly string[],
): Promise<Usage> {
  const reply = await script(
    [...windows.map(({ key }) => keys.occupied(key)), ...scopes.map(keys.pause)],
    [windows.length, ...windows.flatMap(({ windowMs, isRest }) => [windowMs, isRest === true ? 1 : 0])],
  );
  const [at = 0, isKnown, paused = -1, ...found] = reply as number[];
  return {
    at,
    isPastKnown: isKnown === 1,
    pausedUntil: paused < 0 ? null : paused,
    windows: windows.map(({ key }, index) => {
      const [occupied = 0, freesAt = -1, unanswered = 0] = found.slice(3 * index);
      return { key, occupied, freesAt: freesAt < 0 ? null : freesAt, unanswered };
    }),
  };
}

async function restore(
  script: LuaScript,
  markKey: string,
  keys: Keys,
  windows: readonly Pick<LogWindow, 'key' | 'windowMs'>[],
  entries: readonly RestoredEntry[],
): Promise<'restored' | 'lost'> {
  // Lua counts from 1.
  const place = new Map(windows.map(({ key }, index) => [key, index + 1]));
  const wanted = entries.flatMap(({ key, permit, until }) => {
    const window = place.get(key);
    return window === undefined ? [] : [[window, permit, until]];
  });
  for (let start = 0; start === 0 || start < wanted.length; start += ENTRIES_PER_STEP) {
    const isLast = start + ENTRIES_PER_STEP >= wanted.length;
    const reply = await script(
      [markKey, ...windows.map(({ key }) => keys.occupied(key))],
      [
        isLast ? 1 : 0,
        windows.length,
        ...windows.map(({ windowMs }) => windowMs),
        ...wanted.slice(start, start + ENTRIES_PER_STEP).flat(),
      ],
    );
    if (reply === 'lost') return 'lost';
  }
  return 'restored';
}

type TakeReply = ['granted' | 'pastUnknown', number] | ['refused', number, 'window' | 'pause', number, number, number];

function readTaken(reply: TakeReply, take: Take): Taken {
  if (reply[0] !== 'refused') return { outcome: reply[0], at: reply[1] };
  const [outcome, at, kind, position, retryAt, notBefore] = reply;
  const key = kind === 'window' ? take.windows[position - 1]?.key : take.scopes[position - 1];
  return { outcome, at, by: { kind, key: key ?? '' }, retryAt, notBefore };
}
