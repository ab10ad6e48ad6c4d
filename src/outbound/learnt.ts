import type { Learnt, Rest } from './windows.ts';

/** After each 429 that our own log does not explain, this part of what was used remains in use. */
const FACTOR_STEP = 0.8;
const FACTOR_AT_LEAST = 0.2;
/** In each quiet period a scope gets back this part of its configured limits, up to all of them. */
const FACTOR_BACK = 0.05;
const QUIET_MS = 10 * 60_000;
/** A stated limit holds at least for so long after it was stated for the last time. */
const STATED_FOR_AT_LEAST_MS = 10 * 60_000;

/** Fields of a supplier's notes. Their texts are JSON: `FactorNote`, `StatedNote`, `RestNote`. */
export const factorField = (scope: string): string => `factor ${scope}`;
export const statedField = (windowKey: string): string => `stated ${windowKey}`;
export const restField = (key: string): string => `rest ${key}`;

interface FactorNote {
  readonly factor: number;
  /** When it was lowered for the last time, epoch ms on the budget's clock. */
  readonly at: number;
}

interface StatedNote {
  readonly limit: number;
  readonly until: number;
}

interface RestNote extends StatedNote {
  readonly id: string;
}

/** What notes mean at a moment; what is no longer in force or cannot be read is left out. */
export function learntAt(texts: ReadonlyMap<string, string>, at: number): Learnt {
  const factors = new Map<string, number>();
  const stated = new Map<string, number>();
  const rests = new Map<string, Rest>();
  for (const [field, text] of texts) {
    const [kind = '', key = ''] = field.split(/ (.*)/s);
    const note = parsed(text);
    if (kind === 'factor' && isFactor(note) && recovered(note, at) < 1) factors.set(key, recovered(note, at));
    if (!isStated(note) || note.until <= at) continue;
    if (kind === 'stated') stated.set(key, note.limit);
    if (kind === 'rest' && isRest(note)) rests.set(key, { id: note.id, limit: note.limit, windowMs: note.until - at });
  }
  return { factors, stated, rests };
}

/**
 * Lowers a scope's part by one step.
 * @param before the note so far
 * @param sentAt when the refused call was granted: one granted before the last lowering teaches nothing new
 * @returns the new note, or null where there is nothing to lower
 */
export function loweredFactor(before: string | null, sentAt: number, at: number): string | null {
  const note = parsed(before);
  if (!isFactor(note)) return JSON.stringify({ factor: FACTOR_STEP, at });
  if (note.at >= sentAt) return null;
  return JSON.stringify({ factor: Math.max(FACTOR_AT_LEAST, recovered(note, at) * FACTOR_STEP), at });
}

/** What is left of a lowering by now: part of the configured limits, 1 for all of them. */
export function recovered({ factor, at: loweredAt }: FactorNote, at: number): number {
  const quietPeriods = Math.floor(Math.max(0, at - loweredAt) / QUIET_MS);
  return Math.min(1, factor + FACTOR_BACK * quietPeriods);
}

/**
 * Notes a limit that the supplier states for a window. The lowest statement in force holds: a higher one neither raises nor
 * prolongs it.
 * @returns the new note, or null where the old one says it well enough
 */
export function notedLimit(before: string | null, limit: number, windowMs: number, at: number): string | null {
  const note = parsed(before);
  const forMs = Math.max(windowMs, STATED_FOR_AT_LEAST_MS);
  const after = { limit, until: at + forMs };
  if (!isStated(note) || note.until <= at || limit < note.limit) return JSON.stringify(after);
  const isPressing = limit === note.limit && note.until - at < forMs / 2;
  return isPressing ? JSON.stringify(after) : null;
}

export function notedRest(id: string, limit: number, forMs: number, at: number): string {
  return JSON.stringify({ id, limit, until: at + forMs });
}

/** False where a note may be taken out. */
export function isInForce(field: string, text: string, at: number): boolean {
  const { factors, stated, rests } = learntAt(new Map([[field, text]]), at);
  return factors.size + stated.size + rests.size > 0;
}

function parsed(text: string | null): unknown {
  try {
    return text === null ? null : (JSON.parse(text) as unknown);
  } catch {
    return null;
  }
}

function isFactor(note: unknown): note is FactorNote {
  return hasNumber(note, 'factor') && hasNumber(note, 'at') && note.factor >= FACTOR_AT_LEAST && note.factor <= 1;
}

function isStated(note: unknown): note is StatedNote {
  return hasNumber(note, 'limit') && hasNumber(note, 'until') && note.limit >= 0;
}

function isRest(note: StatedNote): note is RestNote {
  return 'id' in note && typeof note.id === 'string';
}

function hasNumber<K extends string>(note: unknown, name: K): note is Record<K, number> {
  return typeof note === 'object' && note !== null && Number.isFinite((note as Record<string, unknown>)[name]);
}
