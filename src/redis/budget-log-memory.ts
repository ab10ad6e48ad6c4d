import type { Asker, BudgetLog, LogWindow, Refusal, RestoredEntry, Take, Taken, Usage } from './budget-log.ts';

/**
 * The budget log of a single process, without Redis: the same arithmetic step by step. It starts with its past unknown, as
 * an emptied Redis does, and is opened by a restoring from the call ledger.
 * @param now epoch ms; must never jump ahead of real time (a wall clock set forward would free windows early)
 */
export function memoryBudgetLog(now: () => number): BudgetLog {
  return new MemoryBudgetLog(now);
}

const SWEEP_EVERY_MS = 60_000;

class MemoryBudgetLog implements BudgetLog {
  readonly #now: () => number;
  readonly #windows = new Map<string, OccupiedWindow>();
  readonly #lines = new Map<string, Map<string, Place>>();
  readonly #aliveUntil = new Map<string, number>();
  readonly #pausedUntil = new Map<string, number>();
  /** Keys of the windows whose past is known. */
  readonly #known = new Set<string>();
  #sweptAt = 0;
  /** Restorings under way. A marker of a log that is gone is not among them. */
  readonly #markers = new Set<string>();

  constructor(now: () => number) {
    this.#now = now;
  }

  async take(take: Take): Promise<Taken> {
    const at = Math.floor(this.#now());
    const stamp = Math.ceil(this.#now());
    if (!this.#isKnown(take.windows)) return { outcome: 'pastUnknown', at };
    this.#sweep(at);
    for (const [asker, until] of this.#aliveUntil) if (until <= at) this.#aliveUntil.delete(asker);
    const pauses = take.scopes.flatMap((scope) => {
      const until = this.#pausedUntil.get(scope) ?? 0;
      return until > at ? [refusal(at, { kind: 'pause', key: scope }, until, until)] : [];
    });
    const full = take.windows.flatMap((window) => {
      const refused = this.#refusalAt(window, take.asker, at, stamp);
      return refused === null ? [] : [{ refused, windowMs: window.windowMs }];
    });
    const last = lastToOpen([...pauses, ...full.map(({ refused }) => refused)]);
    if (last === null) return this.#grant(take, stamp);
    this.#standInLine(take, at, Math.max(-1, ...full.map(({ windowMs }) => windowMs)));
    return last;
  }

  async settle(permit: string, windows: readonly LogWindow[]): Promise<number> {
    const stamp = Math.ceil(this.#now());
    for (const { key, windowMs } of windows) this.#window(key).lower(permit, windowMs === 0 ? 0 : stamp + windowMs);
    return stamp;
  }

  async leave(_group: string, asker: string): Promise<void> {
    this.#aliveUntil.delete(asker);
  }

  async pause(scope: string, forMs: number): Promise<number> {
    const until = Math.max(this.#pausedUntil.get(scope) ?? 0, Math.ceil(this.#now() + forMs));
    this.#pausedUntil.set(scope, until);
    return until;
  }

  async usage(_group: string, windows: readonly LogWindow[], scopes: readonly string[]): Promise<Usage> {
    const at = Math.floor(this.#now());
    const paused = Math.max(0, ...scopes.map((scope) => this.#pausedUntil.get(scope) ?? 0));
    return {
      at,
      isPastKnown: this.#isKnown(windows),
      pausedUntil: paused > at ? paused : null,
      windows: windows.map(({ key, windowMs }) => {
        const occupied = this.#window(key);
        occupied.purge(at);
        const unanswered = occupied.countAfter(at + 1 + windowMs);
        return { key, occupied: occupied.count(), freesAt: occupied.until(0), unanswered };
      }),
    };
  }

  async beginRestore(
    _group: string,
    windows: readonly Pick<LogWindow, 'key'>[],
  ): Promise<{ marker: string; at: number } | 'alreadyKnown'> {
    if (windows.every(({ key }) => this.#known.has(key))) return 'alreadyKnown';
    const marker = crypto.randomUUID();
    this.#markers.add(marker);
    return { marker, at: Math.floor(this.#now()) };
  }

  async restore(
    _group: string,
    marker: string,
    windows: readonly Pick<LogWindow, 'key' | 'windowMs'>[],
    entries: readonly RestoredEntry[],
  ): Promise<'restored' | 'lost'> {
    if (!this.#markers.delete(marker)) return 'lost';
    const opened = new Set(windows.map(({ key }) => key).filter((key) => !this.#known.has(key)));
    for (const { key, permit, until } of entries) if (opened.has(key)) this.#window(key).add(permit, until);
    for (const key of opened) this.#known.add(key);
    return 'restored';
  }

  async doubt(windows: readonly Pick<LogWindow, 'key'>[]): Promise<void> {
    for (const { key } of windows) this.#known.delete(key);
  }

  #isKnown(windows: readonly LogWindow[]): boolean {
    return windows.every(({ key, isRest }) => isRest === true || this.#known.has(key));
  }

  /** Windows of a passing kind leave nothing behind, as Redis lets their keys expire. */
  #sweep(at: number): void {
    if (at - this.#sweptAt < SWEEP_EVERY_MS) return;
    this.#sweptAt = at;
    for (const [key, occupied] of this.#windows) {
      occupied.purge(at);
      if (occupied.count() === 0) this.#windows.delete(key);
    }
    for (const [key, line] of this.#lines) {
      for (const asker of line.keys()) if ((this.#aliveUntil.get(asker) ?? 0) <= at) line.delete(asker);
      if (line.size === 0) this.#lines.delete(key);
    }
  }

  #refusalAt(window: LogWindow, asker: Asker, at: number, stamp: number): Refusal | null {
    const occupied = this.#window(window.key);
    occupied.purge(at);
    const excess = occupied.count() - window.limit;
    const before = this.#ahead(this.#line(window.key), asker, at);
    if (excess + before < 0) return null;
    const first = freeAt(occupied, excess, window.windowMs, at, stamp);
    const own = freeAt(occupied, excess + before, window.windowMs, at, stamp);
    return refusal(at, { kind: 'window', key: window.key }, Math.max(own, first), first);
  }

  #grant(take: Take, stamp: number): Taken {
    for (const { key, windowMs } of take.windows) {
      this.#window(key).set(take.permit, stamp + take.holdMs + windowMs);
      this.#line(key).delete(take.asker.id);
    }
    this.#aliveUntil.delete(take.asker.id);
    return { outcome: 'granted', at: stamp };
  }

  #standInLine(take: Take, at: number, longestRefusingMs: number): void {
    if (take.lineMs > 0) this.#aliveUntil.set(take.asker.id, at + take.lineMs);
    for (const { key, windowMs } of take.windows) {
      const line = this.#line(key);
      const stands = take.lineMs > 0 && longestRefusingMs >= 0 && windowMs >= longestRefusingMs;
      if (!stands) line.delete(take.asker.id);
      else if (!line.has(take.asker.id)) line.set(take.asker.id, placeOf(take.asker, at));
    }
  }

  #ahead(line: Map<string, Place>, asker: Asker, at: number): number {
    const own = line.get(asker.id) ?? placeOf(asker, at);
    let count = 0;
    for (const [id, place] of line) {
      if ((this.#aliveUntil.get(id) ?? 0) <= at) line.delete(id);
      else if (id !== asker.id && isBefore(place, own)) count += 1;
    }
    return count;
  }

  #window(key: string): OccupiedWindow {
    return getOrMake(this.#windows, key, occupiedWindow);
  }

  #line(key: string): Map<string, Place> {
    return getOrMake(this.#lines, key, () => new Map<string, Place>());
  }
}

/** Permits of one window, ordered by until when they occupy it. */
interface OccupiedWindow {
  count(): number;
  /** Those that occupy it longer than this. */
  countAfter(until: number): number;
  /** Of the permit at this place; null past the end. */
  until(index: number): number | null;
  set(permit: string, until: number): void;
  /** Only where it is missing. */
  add(permit: string, until: number): void;
  /** Only where it is there, and only downwards; 0 takes it out. */
  lower(permit: string, until: number): void;
  purge(at: number): void;
}

function occupiedWindow(): OccupiedWindow {
  const untils = new Map<string, number>();
  const ordered: { readonly until: number; readonly permit: string }[] = [];

  /** The first index whose entry occupies longer than `until`. */
  const indexAfter = (until: number): number => {
    let low = 0;
    let high = ordered.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((ordered[middle]?.until ?? 0) <= until) low = middle + 1;
      else high = middle;
    }
    return low;
  };
  const set = (permit: string, until: number): void => {
    remove(permit);
    untils.set(permit, until);
    ordered.splice(indexAfter(until), 0, { until, permit });
  };
  const remove = (permit: string): void => {
    const until = untils.get(permit);
    if (until === undefined) return;
    untils.delete(permit);
    for (let index = indexAfter(until - 1); index < ordered.length; index += 1) {
      if (ordered[index]?.permit === permit) return void ordered.splice(index, 1);
    }
  };
  return {
    count: () => ordered.length,
    countAfter: (until) => ordered.length - indexAfter(until),
    until: (index) => ordered[index]?.until ?? null,
    set,
    add(permit, until) {
      if (!untils.has(permit)) set(permit, until);
    },
    lower(permit, until) {
      const current = untils.get(permit);
      if (current === undefined || current <= until) return;
      if (until === 0) remove(permit);
      else set(permit, until);
    },
    purge(at) {
      for (const { permit } of ordered.splice(0, indexAfter(at))) untils.delete(permit);
    },
  };
}

interface Place {
  readonly rank: number;
  readonly joinedAt: number;
  readonly asker: string;
}

function placeOf(asker: Asker, at: number): Place {
  return { rank: asker.rank, joinedAt: at - Math.round(asker.waitedMs), asker: asker.id };
}

function isBefore(a: Place, b: Place): boolean {
  if (a.rank !== b.rank) return a.rank < b.rank;
  return a.joinedAt === b.joinedAt ? a.asker < b.asker : a.joinedAt < b.joinedAt;
}

/** As in budget-take.lua: an unanswered call frees its place `windowMs` from now at the earliest. */
function freeAt(occupied: OccupiedWindow, index: number, windowMs: number, at: number, stamp: number): number {
  if (index < 0) return at;
  const until = occupied.until(index);
  return until === null ? at + windowMs : Math.min(until, stamp + windowMs);
}

function refusal(at: number, by: Refusal['by'], retryAt: number, notBefore: number): Refusal {
  return { outcome: 'refused', at, by, retryAt, notBefore };
}

function lastToOpen(refusals: readonly Refusal[]): Refusal | null {
  const [first, ...rest] = refusals;
  if (first === undefined) return null;
  const last = rest.reduce((latest, next) => (next.retryAt > latest.retryAt ? next : latest), first);
  return { ...last, notBefore: Math.max(...refusals.map(({ notBefore }) => notBefore)) };
}

function getOrMake<V>(map: Map<string, V>, key: string, make: () => V): V {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}
