import { LANES, type Lane } from '../domain/lane.ts';
import type { CallClass } from '../domain/profile.ts';
import type { NotesView } from './notes-view.ts';
import type { CallWindow } from './windows.ts';

/**
 * Lower lanes are not starved for ever: a lane that waits for a permit longer than `STARVED_AFTER_MS` competes once as the most
 * urgent. Only one lane at a time does, in all processes, so that checkout waits for one permit more and not for many.
 */
export interface Turns {
  /** To be called with every ask: whether the lane has waited so long, and no other had a turn of late. */
  isDue(asked: TurnAsk): boolean;
  /** @returns null where it is not due, or another process was first */
  claim(asked: TurnAsk): Promise<Turn | null>;
  /** A permit ends the waiting. */
  granted(line: string): void;
}

export interface TurnAsk {
  readonly supplier: string;
  readonly account: string;
  readonly callClass: CallClass;
  readonly lane: Lane;
  /** Who waits for the same permits in this process. */
  readonly line: string;
  readonly windows: readonly CallWindow[];
}

export interface Turn {
  /** Monotonic ms of this process. */
  readonly waitingSince: number;
  /** For the next that waits, where no permit came of it. Never rejects. */
  giveBack(): Promise<void>;
}

export const MOST_URGENT: Lane = 'checkout';
/** With the wait for a place after it, a lane comes to one permit a minute. */
export const STARVED_AFTER_MS = 50_000;
/** Turns of a lane come no more often than every so many permits of the slowest window: a small part of them. */
const PERMITS_BETWEEN = 10;
/** A lane that has not asked for so long is not waiting. */
const FORGOTTEN_AFTER_MS = STARVED_AFTER_MS;
/** A turn that brought nothing is not tried again at once. */
const AFTER_NOTHING_MS = 1_000;

interface Hunger {
  readonly since: number;
  lastAsk: number;
  notBefore: number;
}

export function createTurns(view: NotesView, monotonic: () => number): Turns {
  /** Bounded by what is configured: accounts x call classes x lanes. */
  const hungers = new Map<string, Hunger>();
  const hungerOf = (line: string): Hunger => {
    const now = monotonic();
    const known = hungers.get(line);
    const hunger =
      known !== undefined && now - known.lastAsk < FORGOTTEN_AFTER_MS
        ? known
        : { since: now, lastAsk: now, notBefore: now };
    hunger.lastAsk = now;
    hungers.set(line, hunger);
    return hunger;
  };
  const isDue = (asked: TurnAsk): boolean => {
    if (asked.lane === MOST_URGENT) return false;
    const { since, notBefore } = hungerOf(asked.line);
    const now = monotonic();
    if (now - since < STARVED_AFTER_MS || now < notBefore) return false;
    const turns = turnsOf(view.text(asked.supplier, fieldOf(asked)));
    return isTurn(turns, asked.lane, view.now(asked.supplier), everyMs(asked.windows));
  };
  return {
    isDue,
    async claim(asked) {
      if (!isDue(asked)) return null;
      const { supplier, lane, line, windows } = asked;
      const hunger = hungerOf(line);
      hunger.notBefore = monotonic() + AFTER_NOTHING_MS;
      let claimedAt = 0;
      const take = (before: string | null, at: number): string | null => {
        const turns = turnsOf(before);
        claimedAt = at;
        return isTurn(turns, lane, at, everyMs(windows)) ? JSON.stringify({ ...turns, [lane]: at }) : null;
      };
      const give = (before: string | null): string | null => {
        const { [lane]: at, ...others } = turnsOf(before);
        return at === claimedAt ? JSON.stringify(others) : null;
      };
      const claimed = await view.change(supplier, fieldOf(asked), take).catch(() => null);
      if (claimed === null) return null;
      return {
        waitingSince: hunger.since,
        async giveBack() {
          hunger.notBefore = monotonic() + AFTER_NOTHING_MS;
          await view.change(supplier, fieldOf(asked), give).catch(() => null);
        },
      };
    },
    granted: (line) => void hungers.delete(line),
  };
}

function fieldOf({ account, callClass }: TurnAsk): string {
  return `turn ${account} ${callClass}`;
}

function everyMs(windows: readonly CallWindow[]): number {
  return Math.max(STARVED_AFTER_MS, PERMITS_BETWEEN * slowestMs(windows));
}

/** When each lane had its last turn, epoch ms on the budget's clock. */
type LastTurns = Partial<Record<Lane, number>>;

/** Turns of different lanes are spread over the time between two of one. */
function isTurn(turns: LastTurns, lane: Lane, now: number, betweenMs: number): boolean {
  const own = turns[lane] ?? -Infinity;
  const last = Math.max(-Infinity, ...Object.values(turns));
  return now - own >= betweenMs && now - last >= betweenMs / LANES.length;
}

/** A window's time for one permit. */
function slowestMs(windows: readonly CallWindow[]): number {
  return Math.max(0, ...windows.filter(({ isRest }) => !isRest).map(({ windowMs, ours }) => windowMs / ours));
}

function turnsOf(text: string | null): LastTurns {
  try {
    const turns = JSON.parse(text ?? '{}') as unknown;
    return typeof turns === 'object' && turns !== null ? turns : {};
  } catch {
    return {};
  }
}
