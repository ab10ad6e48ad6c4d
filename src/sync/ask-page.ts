import type { ConnectedSupplier } from '../connectors/connected-supplier.ts';
import type { FeedReader, Page, PageAsk } from '../connectors/connector.ts';
import type { Clock } from '../domain/clock.ts';
import type { Lane } from '../domain/lane.ts';
import { CallFailed } from '../outbound/supplier-call.ts';
import type { CallFailure, Gate } from '../outbound/supplier-call.ts';
import type { SyncRun } from '../store/sync-runs.ts';

export interface AskedPage {
  readonly page: Page;
  /** Our clock when the page's first call was sent. */
  readonly sentAt: number;
}

export interface PageAsker {
  /**
   * Asks for the run's next page until it comes, within bounds.
   * @throws CallFailed where it does not, RunStopped where the signal ends a wait
   */
  ask(run: SyncRun): Promise<AskedPage>;
}

export interface PageAskerDeps {
  readonly gate: Gate;
  readonly clock: Clock;
  readonly random: () => number;
  readonly supplier: ConnectedSupplier;
  readonly reader: FeedReader;
  readonly lane: Lane;
  /** Ends a wait between two calls; a call that was sent is let come back. */
  readonly stop: AbortSignal;
  /** @param until epoch milliseconds */
  readonly onWait: (until: number, reason: string) => void;
}

/** The run was told to stop; its progress is kept. */
export class RunStopped extends Error {
  constructor() {
    super('The run was stopped; it goes on from its last page when it is started again.');
    this.name = 'RunStopped';
  }
}

/** All waiting of one run for the budget together. */
export const RUN_WAIT_LIMIT_MS = 3_600_000;
const MAX_WAIT_MS = 60_000;
const MIN_WAIT_MS = 100;
/** Where nobody says when another try may succeed. */
const USUAL_WAIT_MS = 5_000;
const PERMIT_WAIT_MS = 5_000;
/** Of one page, for failures of the supplier or the network. */
const PAGE_TRIES = 4;
const FIRST_BACKOFF_MS = 1_000;

/** Waiting for a permit costs the supplier nothing; trying again does; the rest would only fail again. */
const AFTER: Record<CallFailure, 'wait' | 'tryAgain' | 'giveUp'> = {
  notNow: 'wait',
  budgetUnreachable: 'wait',
  limited: 'wait',
  unreachable: 'tryAgain',
  timedOut: 'tryAgain',
  refused: 'giveUp',
  broken: 'giveUp',
};

export function createPageAsker(deps: PageAskerDeps): PageAsker {
  let waitedMs = 0;
  const waitAfter = (failed: CallFailed, tries: number): number | null => {
    const untilRetryMs = failed.retryAt === null ? null : failed.retryAt - deps.clock.now();
    if (AFTER[failed.failure] === 'wait')
      return waitedMs >= RUN_WAIT_LIMIT_MS ? null : within(untilRetryMs ?? USUAL_WAIT_MS);
    if (AFTER[failed.failure] === 'giveUp' || tries >= PAGE_TRIES) return null;
    const backoffMs = FIRST_BACKOFF_MS * 2 ** (tries - 1) * (0.5 + deps.random());
    return within(Math.max(backoffMs, untilRetryMs ?? 0));
  };
  return {
    async ask(run) {
      for (let tries = 0; ;) {
        try {
          return await askOnce(deps, run);
        } catch (error) {
          const failed = asCallFailed(error, run);
          if (deps.stop.aborted) throw new RunStopped();
          if (AFTER[failed.failure] === 'tryAgain') tries += 1;
          const waitMs = waitAfter(failed, tries);
          if (waitMs === null) throw failed;
          if (AFTER[failed.failure] === 'wait') waitedMs += waitMs;
          deps.onWait(deps.clock.now() + waitMs, failed.message);
          await deps.clock.sleep(waitMs, deps.stop);
          if (deps.stop.aborted) throw new RunStopped();
        }
      }
    },
  };
}

async function askOnce(deps: PageAskerDeps, run: SyncRun): Promise<AskedPage> {
  const { gate, clock, supplier, reader, lane } = deps;
  let sentAt: number | null = null;
  const startedAt = clock.now();
  const ask: PageAsk = {
    supplier: supplier.id,
    account: supplier.account,
    now: () => clock.now(),
    token: run.pageToken,
    async call(request) {
      const deadline = clock.now() + PERMIT_WAIT_MS;
      const answer = await gate.callFor(supplier.connection, { lane, deadline })(request);
      sentAt ??= answer.sentAt;
      return answer;
    },
  };
  const page =
    run.since === null || reader.incremental === undefined
      ? await reader.full(ask)
      : await reader.incremental.page({ ...ask, since: run.since });
  return { page, sentAt: sentAt ?? startedAt };
}

/** Whatever else a connector throws comes from an answer that it could not take. */
function asCallFailed(error: unknown, run: SyncRun): CallFailed {
  if (error instanceof CallFailed) return error;
  const what = error instanceof Error ? error.message : String(error);
  return new CallFailed('broken', `${run.supplier} ${run.feed}, page ${run.pages + 1} could not be read: ${what}`, {
    cause: error,
  });
}

function within(ms: number): number {
  return Math.min(MAX_WAIT_MS, Math.max(MIN_WAIT_MS, ms));
}
