import type { Clock } from '../domain/clock.ts';
import type { Feed } from '../domain/profile.ts';
import type { SupplierId } from '../domain/identity.ts';
import type { SyncMode } from '../store/sync-runs.ts';

/** How far a run is. Counts are of the whole run, also where it was taken up again, except where said otherwise. */
export interface Progress {
  readonly supplier: SupplierId;
  readonly feed: Feed;
  readonly mode: SyncMode;
  readonly pages: number;
  /** As far as the supplier says. */
  readonly pagesInAll: number | null;
  readonly rows: number;
  readonly rejected: number;
  /** Offers written since the run was started or taken up. */
  readonly changed: number;
  /** Calls that had to wait for the budget or be made again, since the run was started or taken up. */
  readonly waits: number;
  /** What it is waiting for now; null while it is not. */
  readonly waitingFor: { readonly reason: string; /** Epoch milliseconds. */ readonly until: number } | null;
}

/**
 * How a run ended. `failed` keeps what was recorded and mostly is taken up there again; `stopped` is by our own wish;
 * `busy`: another process runs the feed, nothing was done; `leaseLost`: another took it over.
 */
export interface RunEnd {
  readonly state: 'done' | 'failed' | 'stopped' | 'busy' | 'leaseLost';
  /** One sentence; null where done. */
  readonly reason: string | null;
  readonly progress: Progress;
}

export interface ProgressPrinter {
  update(progress: Progress): void;
  end(end: RunEnd): void;
}

/** What of a terminal is used. */
export interface ProgressStream {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

const REDRAW_EVERY_MS = 100;
const LINE_EVERY_MS = 5_000;
const BAR_WIDTH = 30;
const USUAL_COLUMNS = 80;
/** Up two lines; and clear to the end of the screen. */
const BACK_TO_START = '\u001b[2A\u001b[0J';

/** Two lines redrawn in place on a terminal, else a plain line every few seconds. */
export function createProgressPrinter(stream: ProgressStream, clock: Clock): ProgressPrinter {
  const isTerminal = stream.isTTY === true;
  const rate = createRate(clock);
  let printedAt = -Infinity;
  let isDrawn = false;

  const draw = (lines: readonly string[]): void => {
    const width = Math.max(20, stream.columns ?? USUAL_COLUMNS) - 1;
    stream.write(`${isDrawn ? BACK_TO_START : ''}${lines.map((line) => `${line.slice(0, width)}\n`).join('')}`);
  };
  return {
    update(progress) {
      const rowsPerSecond = rate(progress);
      if (clock.now() - printedAt < (isTerminal ? REDRAW_EVERY_MS : LINE_EVERY_MS)) return;
      printedAt = clock.now();
      if (!isTerminal) {
        stream.write(`${name(progress)}: ${pages(progress)}, ${counts(progress, rowsPerSecond)}\n`);
        return;
      }
      draw([`${name(progress)} ${bar(progress)} ${pages(progress)}`, `  ${counts(progress, rowsPerSecond)}`]);
      isDrawn = true;
    },
    end({ state, reason, progress }) {
      const outcome = reason === null ? state : `${state}: ${reason}`;
      const line = `${name(progress)}: ${outcome}; ${pages(progress)}, ${counts(progress, rate(progress))}`;
      stream.write(`${isDrawn ? BACK_TO_START : ''}${line}\n`);
      isDrawn = false;
      printedAt = -Infinity;
    },
  };
}

/** Rows a second since the run was first seen here; null until a while has passed. */
function createRate(clock: Clock): (progress: Progress) => number | null {
  let first: { run: string; rows: number; at: number } | null = null;
  return (progress) => {
    if (first?.run !== name(progress) || progress.rows < first.rows)
      first = { run: name(progress), rows: progress.pages <= 1 ? 0 : progress.rows, at: clock.now() };
    const seconds = (clock.now() - first.at) / 1_000;
    return seconds < 0.2 ? null : Math.round((progress.rows - first.rows) / seconds);
  };
}

function name({ supplier, feed, mode }: Progress): string {
  return `${supplier} ${feed} ${mode}`;
}

function bar({ pages: done, pagesInAll }: Progress): string {
  const share = pagesInAll === null || pagesInAll === 0 ? 0 : Math.min(1, done / pagesInAll);
  const filled = Math.round(share * BAR_WIDTH);
  return `[${'#'.repeat(filled)}${'-'.repeat(BAR_WIDTH - filled)}]`;
}

function pages({ pages: done, pagesInAll }: Progress): string {
  return pagesInAll === null ? `${grouped(done)} pages` : `${grouped(done)}/${grouped(pagesInAll)} pages`;
}

function counts(progress: Progress, rowsPerSecond: number | null): string {
  const told = [
    `${grouped(progress.rows)} rows`,
    `${grouped(progress.changed)} changed`,
    `${grouped(progress.rejected)} rejected`,
    ...(rowsPerSecond === null ? [] : [`${grouped(rowsPerSecond)} rows/s`]),
    `${grouped(progress.waits)} waits`,
    ...(progress.waitingFor === null ? [] : [`waiting: ${progress.waitingFor.reason}`]),
  ];
  return told.join(', ');
}

function grouped(count: number): string {
  return count.toLocaleString('en-US');
}
