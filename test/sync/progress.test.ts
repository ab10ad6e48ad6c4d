import { describe, expect, it } from 'vitest';
import type { Clock } from '../../src/domain/clock.ts';
import { createProgressPrinter } from '../../src/sync/progress.ts';
import type { Progress } from '../../src/sync/progress.ts';

const PROGRESS: Progress = {
  supplier: 'sandbox',
  feed: 'catalog',
  mode: 'full',
  pages: 1,
  pagesInAll: 4,
  rows: 1_000,
  rejected: 2,
  changed: 998,
  waits: 0,
  waitingFor: null,
};

describe('the progress printer', () => {
  it('draws two lines in place on a terminal, never wider than it', () => {
    const { clock, printed, printer } = printing({ isTTY: true, columns: 60 });
    printer.update(PROGRESS);
    clock.ms += 2_000;
    printer.update({ ...PROGRESS, pages: 3, rows: 3_000, waits: 1, waitingFor: { reason: 'x'.repeat(100), until: 0 } });
    printer.end({ state: 'done', reason: null, progress: { ...PROGRESS, pages: 4, rows: 4_000 } });
    expect(printed[0]).toBe(
      'sandbox catalog full [########----------------------] 1/4 p\n  1,000 rows, 998 changed, 2 rejected, 0 waits\n',
    );
    expect(printed[1]?.startsWith('\u001b[2A\u001b[0J')).toBe(true);
    expect(printed[1]).toContain('1,500 rows/s');
    for (const line of printed.slice(0, 2).join('').split('\n'))
      expect(line.replace('\u001b[2A\u001b[0J', '').length).toBeLessThan(60);
    expect(printed[2]).toContain('sandbox catalog full: done; 4/4 pages, 4,000 rows');
  });

  it('redraws a terminal ten times a second at most', () => {
    const { clock, printed, printer } = printing({ isTTY: true });
    for (let n = 0; n < 1_000; n += 1) {
      clock.ms += 1;
      printer.update(PROGRESS);
    }
    expect(printed.length).toBeLessThanOrEqual(11);
  });

  it('writes a plain line every five seconds elsewhere', () => {
    const { clock, printed, printer } = printing({});
    for (let n = 0; n < 11; n += 1) {
      printer.update({ ...PROGRESS, pagesInAll: null });
      clock.ms += 1_000;
    }
    expect(printed.length).toBe(3);
    expect(printed[0]).toBe('sandbox catalog full: 1 pages, 1,000 rows, 998 changed, 2 rejected, 0 waits\n');
    printer.end({ state: 'failed', reason: 'Sandbox refused us.', progress: PROGRESS });
    expect(printed[3]).toContain('failed: Sandbox refused us.');
  });
});

function printing(terminal: { isTTY?: boolean; columns?: number }): {
  clock: { ms: number };
  printed: string[];
  printer: ReturnType<typeof createProgressPrinter>;
} {
  const clock = { ms: 0 };
  const printed: string[] = [];
  const ours: Clock = { now: () => clock.ms, sleep: () => Promise.resolve() };
  const printer = createProgressPrinter({ ...terminal, write: (text) => printed.push(text) }, ours);
  return { clock, printed, printer };
}
