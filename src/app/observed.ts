import type { ConnectedSupplier } from '../connectors/connected-supplier.ts';
import type { Clock } from '../domain/clock.ts';
import { createMetrics, type Metrics } from '../metrics.ts';
import type { Budget } from '../outbound/budget.ts';
import type { CallEvent } from '../outbound/gate.ts';
import { changePositions } from '../store/changes.ts';
import type { Database } from '../store/database.ts';
import { countDeadLetters } from '../store/dead-letters.ts';
import { readFeedStates } from '../store/feed-states.ts';
import type { RunEnd } from '../sync/progress.ts';

/** The metrics, and the ears by which the rooms tell what happened. */
export interface Observed {
  readonly registry: Metrics['registry'];
  onCall(event: CallEvent): void;
  onOperation(operation: string, result: 'ok' | 'errors'): void;
  onRunEnd(end: RunEnd): void;
}

export interface ObservedDeps {
  readonly db: Database;
  readonly budget: Budget;
  readonly suppliers: readonly ConnectedSupplier[];
  readonly clock: Clock;
}

export function observe(deps: ObservedDeps): Observed {
  const metrics = createMetrics({
    feedAges: () => feedAges(deps),
    windows: () => windowsInUse(deps),
    deadLetters: () => countDeadLetters(deps.db),
    changePosition: async () => (await changePositions(deps.db)).newest,
  });
  return {
    registry: metrics.registry,
    onCall({ supplier, callClass, lane, outcome, durationMs, waitedMs }) {
      metrics.supplierCalls.inc({ supplier, call_class: callClass, lane, outcome });
      metrics.supplierCallSeconds.observe({ supplier, call_class: callClass }, durationMs / 1_000);
      metrics.permitWaitSeconds.observe({ supplier, lane }, waitedMs / 1_000);
    },
    onOperation: (operation, result) => metrics.operations.inc({ operation, result }),
    onRunEnd({ state, progress: { supplier, feed, mode, rows, changed, rejected } }) {
      metrics.syncRuns.inc({ supplier, feed, mode, result: state });
      metrics.syncRows.inc({ supplier, feed, result: 'read' }, rows);
      metrics.syncRows.inc({ supplier, feed, result: 'changed' }, changed);
      metrics.syncRows.inc({ supplier, feed, result: 'rejected' }, rejected);
    },
  };
}

async function feedAges({
  db,
  clock,
}: ObservedDeps): Promise<{ supplier: string; feed: string; ageSeconds: number }[]> {
  const now = clock.now();
  return (await readFeedStates(db)).flatMap(({ supplier, feed, confirmedAt }) =>
    confirmedAt === null ? [] : [{ supplier, feed, ageSeconds: Math.max(0, now - confirmedAt) / 1_000 }],
  );
}

async function windowsInUse({
  budget,
  suppliers,
}: ObservedDeps): Promise<{ supplier: string; window: string; occupied: number; limit: number }[]> {
  const all = await Promise.all(
    suppliers.map(async ({ id, connection }) => {
      const { windows } = await budget.usage(connection);
      return windows.map(({ limitName, windowMs, occupied, limit }) => ({
        supplier: id,
        window: `${limitName}/${windowMs}ms`,
        occupied,
        limit,
      }));
    }),
  );
  return all.flat();
}
