import type { Page } from '../connectors/connector.ts';
import { CallFailed } from '../outbound/supplier-call.ts';
import type { SyncRun } from '../store/sync-runs.ts';

/** A run that must not go on, nor be taken up again where it stands: the next one starts from the beginning. */
export class RunHalted extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'RunHalted';
  }
}

export interface PageGuard {
  /**
   * To be asked before a page is recorded.
   * @throws RunHalted where the walk would never end, CallFailed `broken` where the page cannot be all of itself
   */
  check(run: SyncRun, page: Page): void;
}

const MAX_REJECTED_SHARE = 0.05;
const MAX_REJECTED_ROWS = 50;

/** Notices a walk that goes in a circle or has no end. Keeps two tokens and a key, however long the walk. */
export function createPageGuard(maxPages: number): PageGuard {
  let previousFirstKey: string | null = null;
  // Brent: a token kept from page 1, 2, 4, 8, … meets every circle, whatever its length, within three rounds of it.
  let keptToken: string | null = null;
  let keepAgainAt = 1;
  return {
    check(run, page) {
      const where = `${run.supplier} ${run.feed}, page ${run.pages + 1}`;
      const next = page.nextToken;
      checkEmpty(run, page, where);
      if (next !== null && (next === run.pageToken || next === keptToken))
        throw new RunHalted(
          `${where}: its next page is one already read ("${next.slice(0, 100)}"), the walk would never end.`,
        );
      const firstKey = page.observations[0]?.supplierPartNumber ?? page.rejections[0]?.supplierPartNumber ?? null;
      if (firstKey !== null && firstKey === previousFirstKey)
        throw new RunHalted(
          `${where}: begins with part "${firstKey}" as the page before it; the supplier seems to ignore which page is asked for.`,
        );
      if (next !== null && run.pages + 1 >= maxPages)
        throw new RunHalted(
          `${where}: still no last page; maxPagesPerRun is ${maxPages}. Raise it for this supplier in the configuration if the feed is truly that long.`,
        );
      previousFirstKey = firstKey;
      if (run.pages + 1 >= keepAgainAt) {
        keptToken = next;
        keepAgainAt = 2 * (run.pages + 1);
      }
    },
  };
}

/** @returns the sentence that ends the run, or null where its rejections are few: a share and a count */
export function tooManyRejections(run: SyncRun): string | null {
  if (run.rejected <= MAX_REJECTED_ROWS || run.rejected <= MAX_REJECTED_SHARE * run.rows) return null;
  return (
    `${run.supplier} ${run.feed}: ${run.rejected} of ${run.rows} rows could not be taken by page ${run.pages}; ` +
    `the run stopped. The dead letters say why.`
  );
}

/** An empty page before the end is an answer cut short; an empty full run is more likely a fault than an empty supplier. */
function checkEmpty(run: SyncRun, page: Page, where: string): void {
  if (page.observations.length + page.rejections.length > 0) return;
  if (page.nextToken !== null) throw new CallFailed('broken', `${where}: is empty although another page follows it.`);
  if (run.mode === 'full' && run.rows === 0)
    throw new CallFailed('broken', `${where}: a full run brought nothing at all; an empty list is not believed.`);
}
