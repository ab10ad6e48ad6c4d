import type { Logger } from 'pino';
import type { Clock } from '../domain/clock.ts';
import type { Profile } from '../domain/profile.ts';
import { STRIKES_KEPT_MS } from '../outbound/strikes.ts';
import { pruneCalls } from '../store/calls.ts';
import { changePositions, pruneChanges } from '../store/changes.ts';
import type { Database } from '../store/database.ts';
import { pruneDeadLetters } from '../store/dead-letters.ts';
import { pruneStrikes } from '../store/strikes.ts';

/** Removes what nobody needs any longer, a little at a time. */
export interface Housekeeping {
  start(): void;
  stop(): Promise<void>;
}

export interface HousekeepingDeps {
  readonly db: Database;
  readonly clock: Clock;
  readonly log: Logger;
  readonly profiles: readonly Profile[];
}

const EVERY_MS = 60_000;
/** What a subscriber may have been away for and still miss nothing. */
const CHANGES_KEPT = 1_000_000;
/** Since the record was refused for the last time. */
const DEAD_LETTERS_KEPT_MS = 90 * 24 * 3_600_000;
/** Calls are needed to rebuild the longest window; a day more costs little and helps a person who looks. */
const CALLS_KEPT_BEYOND_WINDOW_MS = 24 * 3_600_000;

export function createHousekeeping({ db, clock, log, profiles }: HousekeepingDeps): Housekeeping {
  const stopping = new AbortController();
  let work: Promise<void> = Promise.resolve();
  const windows = profiles.flatMap((profile) => profile.limits.flatMap((limit) => limit.windows));
  const callsKeptMs = Math.max(0, ...windows.map((window) => window.windowMs)) + CALLS_KEPT_BEYOND_WINDOW_MS;

  const tidy = async (): Promise<void> => {
    await pruneCalls(db, clock.now() - callsKeptMs);
    await pruneDeadLetters(db, clock.now() - DEAD_LETTERS_KEPT_MS);
    await pruneStrikes(db, clock.now() - STRIKES_KEPT_MS);
    const { newest } = await changePositions(db);
    await pruneChanges(db, newest - CHANGES_KEPT);
  };
  const turn = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      await clock.sleep(EVERY_MS, stopping.signal);
      if (stopping.signal.aborted) return;
      await tidy().catch(() => {
        log.warn('housekeeping failed, trying again in a minute');
      });
    }
  };
  return {
    start() {
      work = turn();
    },
    async stop() {
      stopping.abort();
      await work;
    },
  };
}
