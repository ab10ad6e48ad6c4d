import { beforeEach, describe, expect, it } from 'vitest';
import type { BudgetLog, LogWindow, Take, Taken } from '../../src/redis/budget-log.ts';
import { open, openedLog } from './opened-log.ts';

/** A log under test. `turn` lets time pass on its clock: by hand for a twin, by waiting for a real one. */
export interface LogUnderTest {
  readonly log: BudgetLog;
  readonly turn: (ms: number) => Promise<void>;
  /** Loses everything, as an emptied store does. */
  readonly lose: () => Promise<BudgetLog>;
}

const HOLD_MS = 60_000;

/** What every implementation of the budget log promises. */
export function describeBudgetLog(name: string, make: () => Promise<LogUnderTest>): void {
  describe(name, () => {
    let made: LogUnderTest;
    let log: BudgetLog;
    let ids = 0;
    beforeEach(async () => {
      made = await make();
      log = openedLog(made.log);
    });

    const take = (windows: readonly LogWindow[], asked: Partial<Take> & { rank?: number; waitedMs?: number } = {}) =>
      log.take({
        group: 's',
        permit: `permit-${(ids += 1)}`,
        windows,
        scopes: ['{s}:a'],
        holdMs: HOLD_MS,
        lineMs: 5_000,
        asker: { id: `asker-${ids}`, rank: asked.rank ?? 1, waitedMs: asked.waitedMs ?? 0 },
        ...asked,
      });

    it('occupies all windows or none', async () => {
      const wide = window('wide', 5, 1_000);
      const narrow = window('narrow', 1, 2_000);
      expect(await take([wide, narrow])).toMatchObject({ outcome: 'granted' });
      expect(await take([wide, narrow])).toMatchObject({
        outcome: 'refused',
        by: { kind: 'window', key: narrow.key },
      });
      const used = await log.usage('s', [wide, narrow], []);
      expect(used.windows.map(({ occupied }) => occupied)).toEqual([1, 1]);
    });

    it('counts a call until its window after the answer, not after the grant', async () => {
      const minimumInterval = window('interval', 1, 200);
      await take([minimumInterval], { permit: 'first' });
      await made.turn(250);
      expect(await take([minimumInterval])).toMatchObject({ outcome: 'refused' });
      await log.settle('first', [minimumInterval]);
      const refused = await take([minimumInterval], { lineMs: 0 });
      expect(refused).toMatchObject({ outcome: 'refused' });
      expect(waitOf(refused)).toBeGreaterThan(100);
      expect(waitOf(refused)).toBeLessThanOrEqual(201);
      await made.turn(210);
      expect(await take([minimumInterval], { lineMs: 0, waitedMs: 99_999 })).toMatchObject({ outcome: 'granted' });
    });

    it('names the window that opens last and when', async () => {
      const second = window('second', 1, 1_000);
      const hour = window('hour', 1, 3_600_000);
      await take([second, hour], { permit: 'first' });
      await log.settle('first', [second, hour]);
      const refused = await take([second, hour]);
      expect(refused).toMatchObject({ outcome: 'refused', by: { kind: 'window', key: hour.key } });
      expect(waitOf(refused)).toBeGreaterThan(3_590_000);
      if (refused.outcome === 'refused') expect(refused.notBefore).toBe(refused.retryAt);
    });

    it('expects an unanswered call to free its place a window from now at the earliest', async () => {
      const minute = window('minute', 1, 60_000);
      await take([minute]);
      const refused = await take([minute]);
      expect(waitOf(refused)).toBeGreaterThanOrEqual(60_000);
      expect(waitOf(refused)).toBeLessThanOrEqual(60_001);
    });

    it('keeps an unanswered call for its hold and window', async () => {
      const short = window('short', 1, 100);
      await take([short], { holdMs: 200 });
      await made.turn(150);
      expect(await take([short], { lineMs: 0 })).toMatchObject({ outcome: 'refused' });
      await made.turn(170);
      expect(await take([short], { lineMs: 0 })).toMatchObject({ outcome: 'granted' });
    });

    it('tells calls not answered yet from answered ones', async () => {
      const [minute, inFlight] = [window('minute', 9, 60_000), window('in-flight', 9, 0)];
      for (const permit of ['first', 'second', 'third']) await take([minute, inFlight], { permit });
      await log.settle('second', [minute, inFlight]);
      const used = await log.usage('s', [minute, inFlight], []);
      expect(used.windows).toMatchObject([
        { occupied: 3, unanswered: 2 },
        { occupied: 2, unanswered: 2 },
      ]);
    });

    it('frees a place in flight at the answer', async () => {
      const inFlight = window('in-flight', 1, 0);
      await take([inFlight], { permit: 'first' });
      expect(await take([inFlight], { lineMs: 0 })).toMatchObject({ outcome: 'refused' });
      await log.settle('first', [inFlight]);
      expect(await take([inFlight])).toMatchObject({ outcome: 'granted' });
    });

    it('never raises a stamp and never brings a permit back', async () => {
      const second = window('second', 1, 300);
      await take([second], { permit: 'first' });
      await log.settle('first', [second]);
      await made.turn(200);
      await log.settle('first', [second]);
      await log.settle('stranger', [second]);
      expect((await log.usage('s', [second], [])).windows[0]?.occupied).toBe(1);
      await made.turn(120);
      expect((await log.usage('s', [second], [])).windows[0]?.occupied).toBe(0);
    });

    it('lets a higher lane pass and serves equals in the order they came', async () => {
      const inFlight = window('in-flight', 1, 0);
      await take([inFlight], { permit: 'first' });
      const asker = (id: string, rank: number, waitedMs: number) => ({ asker: { id, rank, waitedMs } });
      for (const one of [asker('late', 3, 0), asker('early', 3, 500), asker('urgent', 0, 0)]) {
        expect(await take([inFlight], one)).toMatchObject({ outcome: 'refused' });
      }
      await log.settle('first', [inFlight]);
      expect(await take([inFlight], asker('early', 3, 500))).toMatchObject({ outcome: 'refused' });
      expect(await take([inFlight], { ...asker('urgent', 0, 0), permit: 'second' })).toMatchObject({
        outcome: 'granted',
      });
      await log.settle('second', [inFlight]);
      expect(await take([inFlight], asker('late', 3, 0))).toMatchObject({ outcome: 'refused' });
      expect(await take([inFlight], asker('early', 3, 500))).toMatchObject({ outcome: 'granted' });
    });

    it('forgets a waiter that left at once, and one that died after its time', async () => {
      const inFlight = window('in-flight', 1, 0);
      await take([inFlight], { permit: 'first' });
      await take([inFlight], { asker: { id: 'leaver', rank: 0, waitedMs: 0 } });
      await take([inFlight], { asker: { id: 'dead', rank: 0, waitedMs: 0 }, lineMs: 150 });
      await log.settle('first', [inFlight]);
      await log.leave('s', 'leaver');
      expect(await take([inFlight], { lineMs: 0 })).toMatchObject({ outcome: 'refused' });
      await made.turn(160);
      expect(await take([inFlight], { lineMs: 0 })).toMatchObject({ outcome: 'granted' });
    });

    it('does not let one who waits for the hour hold up the second', async () => {
      const second = window('second', 1, 100);
      const hour = window('hour', 1, 3_600_000);
      await take([hour], { permit: 'first' });
      expect(await take([second, hour], { rank: 0 })).toMatchObject({ outcome: 'refused' });
      expect(await take([second], { rank: 4 })).toMatchObject({ outcome: 'granted' });
    });

    it('keeps the longer window for one who waits for the shorter', async () => {
      const second = window('second', 1, 100);
      const hour = window('hour', 2, 3_600_000);
      await take([second], { permit: 'first' });
      await take([hour]);
      expect(await take([second, hour], { rank: 0 })).toMatchObject({ outcome: 'refused' });
      expect(await take([hour], { rank: 4 })).toMatchObject({ outcome: 'refused', by: { key: hour.key } });
    });

    it('pauses a scope, and only ever for longer', async () => {
      const second = window('second', 5, 1_000);
      const until = await log.pause('{s}:a', 300);
      expect(await log.pause('{s}:a', 10)).toBe(until);
      const refused = await take([second]);
      expect(refused).toMatchObject({ outcome: 'refused', by: { kind: 'pause', key: '{s}:a' }, retryAt: until });
      expect(await take([second], { scopes: ['{s}:b'] })).toMatchObject({ outcome: 'granted' });
      expect((await log.usage('s', [], ['{s}:a'])).pausedUntil).toBe(until);
      await made.turn(310);
      expect(await take([second])).toMatchObject({ outcome: 'granted' });
    });

    it('grants nothing while the past is unknown, and restores what the ledger tells', async () => {
      const minute = window('minute', 2, 60_000);
      await take([minute], { permit: 'before' });
      log = await made.lose();
      expect(await take([minute])).toMatchObject({ outcome: 'pastUnknown' });
      expect((await log.usage('s', [minute], [])).isPastKnown).toBe(false);
      const begun = await log.beginRestore('s', [minute]);
      if (begun === 'alreadyKnown') throw new Error('The past cannot be known here.');
      const entry = { key: minute.key, permit: 'before', until: begun.at + 30_000 };
      const entries = [entry, { ...entry, permit: 'long ago', until: 1 }];
      expect(await log.restore('s', begun.marker, [minute], entries)).toBe('restored');
      expect(await log.beginRestore('s', [minute])).toBe('alreadyKnown');
      expect((await log.usage('s', [minute], [])).isPastKnown).toBe(true);
      expect(await take([minute])).toMatchObject({ outcome: 'granted' });
      const refused = await take([minute]);
      expect(waitOf(refused)).toBeGreaterThan(29_000);
      expect(waitOf(refused)).toBeLessThanOrEqual(30_000);
    });

    it('grants nothing in a window that it does not know, beside windows that it knows', async () => {
      const [hour, renamed, rest] = [
        window('hour', 5, 3_600_000),
        window('hourly', 5, 3_600_000),
        window('rest', 1, 60_000),
      ];
      const asker = { id: 'asker', rank: 1, waitedMs: 0 };
      const ask = (windows: readonly LogWindow[]) =>
        made.log.take({ group: 's', permit: 'new', windows, scopes: [], holdMs: HOLD_MS, lineMs: 0, asker });
      await take([hour], { permit: 'before' });
      expect(await ask([hour, renamed])).toMatchObject({ outcome: 'pastUnknown' });
      expect((await log.usage('s', [hour, renamed], [])).isPastKnown).toBe(false);
      expect((await log.usage('s', [hour, { ...rest, isRest: true }], [])).isPastKnown).toBe(true);
      await open(made.log, [hour, renamed]);
      expect(await ask([hour, renamed, { ...rest, isRest: true }])).toMatchObject({ outcome: 'granted' });
      const used = await log.usage('s', [hour, renamed], []);
      expect(used.windows.map(({ occupied }) => occupied)).toEqual([2, 1]);
    });

    it('restores nothing into a window that it knows', async () => {
      const [hour, day] = [window('hour', 5, 3_600_000), window('day', 5, 86_400_000)];
      await take([hour], { permit: 'before' });
      await log.settle('before', [{ ...hour, windowMs: 0 }]);
      const begun = await log.beginRestore('s', [hour, day]);
      if (begun === 'alreadyKnown') throw new Error('The past cannot be known here.');
      const until = begun.at + 60_000;
      const entries = [hour, day].map(({ key }) => ({ key, permit: 'before', until }));
      await log.restore('s', begun.marker, [hour, day], [...entries, { key: 'another', permit: 'before', until }]);
      const used = await log.usage('s', [hour, day], []);
      expect(used.windows.map(({ occupied }) => occupied)).toEqual([0, 1]);
    });

    it('takes the past for unknown when it is doubted, and keeps what it has', async () => {
      const hour = window('hour', 1, 3_600_000);
      await take([hour]);
      await log.doubt([hour]);
      expect(await take([hour])).toMatchObject({ outcome: 'pastUnknown' });
      await open(log, [hour]);
      expect(await take([hour])).toMatchObject({ outcome: 'refused', by: { key: hour.key } });
    });

    it('notices a loss in the middle of a restoring', async () => {
      const minute = window('minute', 2, 60_000);
      log = await made.lose();
      const begun = await log.beginRestore('s', [minute]);
      if (begun === 'alreadyKnown') throw new Error('The past cannot be known here.');
      log = await made.lose();
      expect(await log.restore('s', begun.marker, [minute], [])).toBe('lost');
      expect((await log.usage('s', [minute], [])).isPastKnown).toBe(false);
    });

    it('restores many calls, from several at once, each call once', async () => {
      const day = window('day', 5_000, 86_400_000);
      log = await made.lose();
      const [one, other] = await Promise.all([log.beginRestore('s', [day]), log.beginRestore('s', [day])]);
      if (one === 'alreadyKnown' || other === 'alreadyKnown') throw new Error('The past cannot be known here.');
      const entries = Array.from({ length: 2_500 }, (_, index) => ({
        key: day.key,
        permit: `past-${index}`,
        until: one.at + 60_000 + index,
      }));
      await Promise.all([one, other].map(({ marker }) => log.restore('s', marker, [day], entries)));
      expect((await log.usage('s', [day], [])).windows[0]).toEqual({
        key: day.key,
        occupied: 2_500,
        freesAt: one.at + 60_000,
        // Restored stamps allow for the clock of another host.
        unanswered: expect.any(Number) as number,
      });
    });
  });
}

function window(name: string, limit: number, windowMs: number): LogWindow {
  return { key: `{s}:a:${name}:${windowMs}`, limit, windowMs };
}

function waitOf(taken: Taken): number {
  return taken.outcome === 'refused' ? taken.retryAt - taken.at : 0;
}
